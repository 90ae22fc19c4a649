// SPDX-License-Identifier: MIT
#include "init/doctor_findings.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "init/doctor_report.h"

namespace init {
namespace {

using interop::HostExamination;
using interop::HostProof;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Level = Finding::Level;

RegisteredRule rule(const std::string& name, const std::string& interpreter) {
    return {.name = name, .enabled = true, .interpreter = interpreter, .flags = "PF", .magic = "MZ"};
}

HostExamination answering(const char* endpoint) {
    HostExamination host{.endpoint = interop::parse_endpoint(endpoint).value()};
    host.info.set_software("hostbridge 1");
    host.info.set_system("windows");
    host.version = 1;
    host.round_trip = std::chrono::microseconds(1250);
    host.proof = host.endpoint.kind == interop::Endpoint::Kind::unix_socket ? HostProof::identity : HostProof::key;
    if (host.proof == HostProof::key) host.proof_name = "default";
    return host;
}

HostExamination failing(const char* endpoint, proto::Error error) {
    HostExamination host{.endpoint = interop::parse_endpoint(endpoint).value()};
    host.failure = std::move(error);
    return host;
}

/// A machine on which all is well: each test breaks one thing.
DoctorFacts healthy() {
    DoctorFacts facts;
    facts.kernel_release = "6.7.0";
    facts.rule_directory = "/misc";
    facts.table = TableReport{.name = "mzinit",
                              .is_mounted = true,
                              .is_enabled = true,
                              .rule = rule("mzinit", "/usr/sbin/mzinit"),
                              .mz_rules = {{rule("mzinit", "/usr/sbin/mzinit"), MzMatch::all}}};
    facts.interpreter = {.path = "/usr/sbin/mzinit", .exists = true, .mode = 0755, .is_executable = true};
    facts.rule_test = proto::Result<void>();
    facts.configuration->endpoints = {interop::parse_endpoint("unix:/run/a").value()};
    facts.configuration->names_endpoints = true;
    facts.hosts = {answering("unix:/run/a")};
    facts.paths = {{"/mnt/c", "C:\\"}};
    facts.installed.wine = {.runs_64_bit = true, .runs_32_bit = true, .starter = "/usr/bin/wine"};
    facts.wine = {"/usr/bin/wine", "8.0"};
    facts.mono = {"/usr/bin/mono", "6.8"};
    facts.dos_emulator = {"/usr/bin/dosbox", "0.74-3"};
    facts.run_directory = {.path = "/run/mzinit", .exists = true, .mode = 0755};
    return facts;
}

/// The findings of that check as "level subject: text -> advice".
std::vector<std::string> findings_of(const DoctorFacts& facts, std::string_view check) {
    std::vector<std::string> lines;
    for (const Finding& finding : diagnose(facts)) {
        if (finding.check != check) continue;
        const char* const levels[] = {"ok", "warning", "problem"};
        std::string line = levels[static_cast<int>(finding.level)];
        line += " " + finding.subject + ": " + finding.text;
        if (!finding.advice.empty()) line += " -> " + finding.advice;
        lines.push_back(std::move(line));
    }
    return lines;
}

TEST(Doctor, FindsAHealthyMachineHealthy) {
    const auto findings = diagnose(healthy());
    EXPECT_FALSE(has_problem(findings));
    EXPECT_EQ(findings_text(findings),
              "ok       Linux 6.7.0: it tells an interpreter that it is one\n"
              "ok       binfmt_misc: mounted on /misc and switched on\n"
              "ok       rule mzinit: registered for /usr/sbin/mzinit, flags PF\n"
              "ok       order of rules: no other rule is for MZ files\n"
              "ok       interpreter /usr/sbin/mzinit: it is there and can be executed\n"
              "ok       rule mzinit: a test program was run by it\n"
              "ok       configuration: there is none, the defaults are in force\n"
              "ok       unix:/run/a: hostbridge 1 (windows, protocol 1) answers in 1.2 ms, which knows our user by the "
              "socket\n"
              "ok       paths: /mnt/c is C:\\\n"
              "ok       Wine: /usr/bin/wine, version 8.0, for 64-bit and 32-bit programs\n"
              "ok       mono: /usr/bin/mono, version 6.8\n"
              "ok       DOS emulator: /usr/bin/dosbox, version 0.74-3\n"
              "ok       /run/mzinit: only its owner can change what is in there\n");
}

TEST(Doctor, SaysWithEveryWarningAndProblemWhatToDo) {
    DoctorFacts facts;
    facts.kernel_tells_interpreters = false;
    facts.hosts = {failing("unix:/run/a", proto::errno_error(ENOENT, ""))};
    facts.key_files = {{.path = "/k", .exists = true, .mode = 0644}};
    facts.run_directory = {.path = "/run/mzinit", .exists = true, .mode = 0777};
    facts.configuration_findings = {{1, interop::ConfigurationFinding::Severity::error, "wrong"}};
    facts.broker = proto::Result<void>(proto::stated_error("refused"));
    const auto findings = diagnose(facts);
    EXPECT_GT(findings.size(), 8u);
    for (const Finding& finding : findings) {
        EXPECT_TRUE(finding.level == Level::ok || !finding.advice.empty()) << finding.subject << ": " << finding.text;
    }
    EXPECT_TRUE(has_problem(findings));
}

TEST(Doctor, TellsWhatIsWrongWithTheKernelsTable) {
    DoctorFacts facts = healthy();
    facts.table = proto::errno_error(ENODEV, "open /misc");
    EXPECT_THAT(
        findings_of(facts, "binfmt_misc"),
        ElementsAre(AllOf(StartsWith("problem binfmt_misc: it is not mounted on /misc -> mount -t binfmt_misc"))));
    EXPECT_THAT(findings_of(facts, "rule"), IsEmpty());
    facts = healthy();
    facts.table->is_enabled = false;
    EXPECT_THAT(findings_of(facts, "binfmt_misc"), ElementsAre(HasSubstr("-> echo 1 > /misc/status")));
    facts = healthy();
    facts.table->rule.reset();
    EXPECT_THAT(findings_of(facts, "rule"), ElementsAre(AllOf(StartsWith("problem rule mzinit: it is not registered"),
                                                              HasSubstr("-> mzinit register"))));
    facts = healthy();
    facts.table->rule->enabled = false;
    EXPECT_THAT(findings_of(facts, "rule"),
                ElementsAre("problem rule mzinit: it is switched off -> echo 1 > /misc/mzinit"));
    facts = healthy();
    facts.table->rule->flags = "F";
    EXPECT_THAT(findings_of(facts, "rule"), ElementsAre(HasSubstr("it lacks flag P")));
    facts = healthy();
    facts.rule_test = proto::Result<void>(proto::stated_error("another program answered"));
    EXPECT_THAT(findings_of(facts, "rule_test"),
                ElementsAre(StartsWith("problem rule mzinit: it does not work: another program answered -> ")));
}

TEST(Doctor, LooksAtTheOrderInWhichTheKernelAsks) {
    const MzRule ours{rule("mzinit", "/usr/sbin/mzinit"), MzMatch::all};
    const MzRule com{rule("mzinit-com", "/usr/sbin/mzinit"), MzMatch::by_name};
    const MzRule wine{rule("wine", "/usr/bin/wine"), MzMatch::all};
    MzRule off = wine;
    off.rule.enabled = false;
    const MzRule some{rule("cli", "/usr/bin/cli"), MzMatch::some};
    const auto order = [](std::vector<MzRule> rules) {
        DoctorFacts facts = healthy();
        facts.table->mz_rules = std::move(rules);
        return findings_of(facts, "rule_order").at(0);
    };
    EXPECT_THAT(
        order({wine, ours}),
        StartsWith("problem order of rules: the kernel asks wine (/usr/bin/wine) before ours -> mzinit register"));
    EXPECT_THAT(order({some, ours}), StartsWith("warning order of rules: for some files the kernel asks cli"));
    EXPECT_EQ(order({ours, wine, some}),
              "ok order of rules: ours is asked before wine (/usr/bin/wine), cli (/usr/bin/cli)");
    EXPECT_EQ(order({com, off, ours}), "ok order of rules: no other rule is for MZ files");
}

TEST(Doctor, MissesTheInterpreterOnlyWhereTheKernelDoesNotKeepItOpen) {
    DoctorFacts facts = healthy();
    facts.interpreter.exists = facts.interpreter.is_executable = false;
    EXPECT_THAT(findings_of(facts, "interpreter"),
                ElementsAre(AllOf(StartsWith("warning"), HasSubstr("the kernel has it open"))));
    facts.table->rule->flags = "P";
    EXPECT_THAT(findings_of(facts, "interpreter"),
                ElementsAre(StartsWith("problem interpreter /usr/sbin/mzinit: it does not exist here")));
    facts.interpreter.exists = true;
    EXPECT_THAT(findings_of(facts, "interpreter"), ElementsAre(HasSubstr("it cannot be executed")));
    facts.table->rule->interpreter = "/proc/self/fd/5";
    EXPECT_THAT(findings_of(facts, "interpreter"),
                ElementsAre(StartsWith("ok interpreter: a copy of mzinit in memory")));
}

TEST(Doctor, NamesEveryLineOfTheConfigurationThatIsWrong) {
    DoctorFacts facts = healthy();
    facts.configuration_text->source = "/etc/mzinit.conf";
    facts.configuration_findings = {{2, interop::ConfigurationFinding::Severity::warning, "unknown"},
                                    {3, interop::ConfigurationFinding::Severity::error, "bad"}};
    facts.configuration = proto::stated_error("line 3: bad");
    EXPECT_THAT(findings_of(facts, "configuration"), ElementsAre(StartsWith("warning /etc/mzinit.conf:2: unknown"),
                                                                 StartsWith("problem /etc/mzinit.conf:3: bad")));
    facts.configuration_findings.clear();
    facts.configuration = proto::stated_error("MZINIT_HOST: nonsense");
    EXPECT_THAT(findings_of(facts, "configuration"),
                ElementsAre(StartsWith("problem configuration: MZINIT_HOST: nonsense")));
    facts.configuration_text = proto::errno_error(EACCES, "read /etc/mzinit.conf");
    EXPECT_THAT(findings_of(facts, "configuration"),
                ElementsAre(StartsWith("problem configuration: read /etc/mzinit.conf: Permission denied")));
    facts = healthy();
    facts.configuration_text->source = "/c";
    facts.configuration_file = {.path = "/c", .exists = true, .mode = 0664};
    facts.configuration->routes.enabled = false;
    EXPECT_THAT(findings_of(facts, "configuration"),
                ElementsAre("warning /c: others than its owner can change it (mode 0664) -> chmod go-w /c",
                            StartsWith("problem /c: [interop] enabled = false")));
}

TEST(Doctor, AnAgentThatDoesNotAnswerIsAProblemOnlyWhereItIsNeeded) {
    const auto gone = failing("unix:/run/b", proto::errno_error(ENOENT, ""));
    DoctorFacts facts = healthy();
    facts.hosts.push_back(gone);
    EXPECT_THAT(findings_of(facts, "agent").at(1),
                AllOf(StartsWith("warning unix:/run/b: No such file or directory; another agent answers"),
                      HasSubstr("-> start the agent there: hostbridge --listen unix:/run/b")));
    facts.hosts = {gone};
    EXPECT_THAT(findings_of(facts, "agent"), ElementsAre(StartsWith("problem")));
    facts.configuration->names_endpoints = false;
    EXPECT_THAT(findings_of(facts, "agent"), ElementsAre(AllOf(StartsWith("warning"), HasSubstr("run by Wine here"))));
    facts.installed.wine.runs_64_bit = false;
    EXPECT_THAT(findings_of(facts, "agent"), ElementsAre(StartsWith("problem")));
}

TEST(Doctor, AnAgentThatTurnsUsAwayIsAProblemWhoeverElseAnswers) {
    const std::pair<proto::Error, const char*> table[] = {
        {proto::peer_error(proto::PeerFault::authentication, "the agent does not know the key"),
         "-> give both sides the same key"},
        {proto::errno_error(EACCES, "the agent refused the connection (no)"), "-> give both sides the same key"},
        {proto::peer_error(proto::PeerFault::no_common_version, ""), "-> update the older"},
        {proto::peer_error(proto::PeerFault::bad_magic, "read the greeting"), "-> look at the agent's log"},
    };
    for (const auto& [error, advice] : table) {
        DoctorFacts facts = healthy();
        facts.hosts.push_back(failing("tcp:127.0.0.1:1", error));
        EXPECT_THAT(findings_of(facts, "agent").at(1),
                    AllOf(StartsWith("problem tcp:127.0.0.1:1: " + error.message()), HasSubstr(advice)));
    }
    DoctorFacts facts = healthy();
    facts.hosts = {failing("unix:/a", proto::errno_error(EACCES, ""))};
    EXPECT_THAT(findings_of(facts, "agent"), ElementsAre(HasSubstr("so that this user may use its socket")));
    facts.hosts = {failing("unix:/a", proto::errno_error(EACCES, "the agent refused the connection (policy)"))};
    EXPECT_THAT(findings_of(facts, "agent"), ElementsAre(HasSubstr("the agent's policy")));
}

TEST(Doctor, TellsHowTheAgentWasConvinced) {
    DoctorFacts facts = healthy();
    facts.hosts = {answering("tcp:127.0.0.1:1")};
    EXPECT_THAT(findings_of(facts, "agent"), ElementsAre(HasSubstr("with key default")));
    facts.hosts[0].proof = HostProof::ticket;
    EXPECT_THAT(findings_of(facts, "agent"), ElementsAre(HasSubstr("with a ticket of the broker")));
    facts.hosts[0].proof = HostProof::none;
    EXPECT_THAT(findings_of(facts, "agent"), ElementsAre(HasSubstr("without a key")));
}

TEST(Doctor, AKeyIsMissedOnlyWhereNothingElseServes) {
    DoctorFacts facts = healthy();
    facts.key_problem = proto::errno_error(ENOENT, "read /etc/mzinit/key");
    EXPECT_THAT(findings_of(facts, "key"), IsEmpty()) << "no agent asks for one";
    facts.hosts = {failing("tcp:127.0.0.1:1", proto::stated_error("no key"))};
    facts.broker = proto::Result<void>(proto::errno_error(ENOENT, "connect to the broker"));
    EXPECT_THAT(findings_of(facts, "key"),
                ElementsAre(StartsWith("problem key: read /etc/mzinit/key: No such file or directory -> ")));
    EXPECT_THAT(findings_of(facts, "broker"),
                ElementsAre(AllOf(StartsWith("problem broker at /run/mzinit/interop.sock"),
                                  HasSubstr("mzinit broker as root"))));
    facts.broker = proto::Result<void>();
    EXPECT_THAT(findings_of(facts, "key"), ElementsAre(HasSubstr("the broker gives us tickets")));
    EXPECT_THAT(findings_of(facts, "broker"), ElementsAre(HasSubstr("it gives us tickets")));
    facts.key_problem.reset();
    facts.broker = proto::Result<void>(proto::errno_error(ENOENT, "connect to the broker"));
    EXPECT_THAT(findings_of(facts, "key"), ElementsAre("ok key: we have one of our own"));
    EXPECT_THAT(findings_of(facts, "broker"), ElementsAre(HasSubstr("none is needed")));
}

TEST(Doctor, LooksAtWhoMayTouchWhat) {
    DoctorFacts facts = healthy();
    facts.key_files = {
        {.path = "/a", .exists = true, .mode = 0600}, {.path = "/b", .exists = true, .mode = 0640}, {.path = "/c"}};
    EXPECT_THAT(findings_of(facts, "key"),
                ElementsAre(AllOf(StartsWith("problem /b: "), HasSubstr("mode 0640"), HasSubstr("chmod 600 /b"))));
    facts.run_directory.mode = 0775;
    EXPECT_THAT(findings_of(facts, "run_directory"), ElementsAre(StartsWith("problem /run/mzinit: ")));
    facts.run_directory.mode = 0755;
    facts.run_directory.owner = 1000;
    EXPECT_THAT(findings_of(facts, "run_directory"), ElementsAre(StartsWith("problem /run/mzinit: ")));
    facts.user = 1000;
    EXPECT_THAT(findings_of(facts, "run_directory"), ElementsAre(StartsWith("ok")));
}

TEST(Doctor, MountsWithoutANameOnTheHostAreNoFault) {
    DoctorFacts facts = healthy();
    facts.unnamed_mounts = {"/", "/a", "/b", "/c", "/d", "/e", "/f"};
    EXPECT_THAT(findings_of(facts, "paths"),
                ElementsAre("ok paths: /mnt/c is C:\\; without a name there: /, /a, /b, /c, /d and 2 more"));
    facts.paths.clear();
    EXPECT_THAT(findings_of(facts, "paths"),
                ElementsAre(StartsWith("ok paths: no directory here has a name on the host")));
    facts.hosts = {answering("tcp:127.0.0.1:1")};
    EXPECT_THAT(findings_of(facts, "paths"), ElementsAre(AllOf(StartsWith("warning"), HasSubstr("-> [path] map"))));
}

TEST(Doctor, LocalRunnersMatterWhereNoAgentAnswersAndOnRoutesOnly) {
    DoctorFacts facts = healthy();
    facts.wine = facts.mono = facts.dos_emulator = {};
    facts.installed = {};
    EXPECT_THAT(findings_of(facts, "wine"), ElementsAre("ok Wine: it is not installed"));
    facts.hosts.clear();
    EXPECT_THAT(findings_of(facts, "wine"), ElementsAre("warning Wine: it is not installed -> apt-get install wine64"));
    EXPECT_THAT(findings_of(facts, "mono"), ElementsAre(HasSubstr("-> apt-get install mono-runtime")));
    EXPECT_THAT(findings_of(facts, "dos"), ElementsAre(HasSubstr("-> apt-get install dosbox")));
    for (interop::Route& route : facts.configuration->routes.by_kind) route = {interop::Backend::host};
    for (const char* check : {"wine", "mono", "dos"}) EXPECT_THAT(findings_of(facts, check), IsEmpty()) << check;
}

TEST(Doctor, NamesThePartOfWineThatIsMissing) {
    DoctorFacts facts = healthy();
    facts.installed.wine.runs_32_bit = false;
    EXPECT_THAT(findings_of(facts, "wine"),
                ElementsAre("ok Wine: /usr/bin/wine, version 8.0, without its 32-bit part"));
    facts.hosts.clear();
    EXPECT_THAT(findings_of(facts, "wine"),
                ElementsAre(AllOf(StartsWith("warning"), HasSubstr("apt-get install wine32"))));
    facts.wine_prefix_problem = "it belongs to another user";
    EXPECT_THAT(findings_of(facts, "wine"), ElementsAre(StartsWith("warning Wine: it belongs to another user -> ")));
}

TEST(Doctor, JsonHasTheFindingsAndWhatTheAgentsSaid) {
    DoctorFacts facts = healthy();
    facts.hosts.push_back(failing("tcp:127.0.0.1:1", proto::errno_error(ECONNREFUSED, "")));
    facts.hosts[0].info.set_software("evil\"\n");
    const std::string json = findings_json(diagnose(facts), facts);
    EXPECT_THAT(
        json,
        StartsWith(
            "{\"ok\": true, \"findings\": [{\"level\": \"ok\", \"check\": \"kernel\", \"subject\": \"Linux 6.7.0\", "
            "\"text\": \"it tells an interpreter that it is one\", \"advice\": null}, "));
    EXPECT_THAT(
        json,
        HasSubstr(
            "\"agents\": [{\"endpoint\": \"unix:/run/a\", \"answers\": true, \"round_trip_us\": 1250, \"software\": "
            "\"evil\\\"\\u000a\", \"system\": \"windows\", \"protocol\": 1, \"authentication\": \"identity\"}, "
            "{\"endpoint\": \"tcp:127.0.0.1:1\", \"answers\": false, \"reason\": \"Connection refused\"}]}\n"));
}

TEST(Doctor, WhatAnAgentSaysForgesNoLine) {
    DoctorFacts facts = healthy();
    facts.hosts[0].info.set_software("x\nok       all: is well\x1b[2J");
    const std::string text = findings_text(diagnose(facts));
    EXPECT_THAT(text, Not(HasSubstr("\nok       all")));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(Doctor, FindsTheVersionInWhatProgramsPrint) {
    const std::pair<const char*, const char*> table[] = {
        {"wine-8.0 (Debian 8.0~repack-4)\n", "8.0"},
        {"Mono JIT compiler version 6.8.0.105 (Debian 6.8)\n", "6.8.0.105"},
        {"\nDOSBox version 0.74-3, copyright 2002-2019 DOSBox Team.\n", "0.74-3"},
        {"no number", ""},
        {"", ""},
        {"7", "7"},
    };
    for (const auto& [text, version] : table) EXPECT_EQ(version_in(text), version) << text;
}

}  // namespace
}  // namespace init
