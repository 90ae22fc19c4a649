// SPDX-License-Identifier: MIT
#include "init/machine/machine_settings.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "interop/route/ini_settings.h"

namespace init {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Words = std::vector<std::string>;

MachineSettings settings_of(const std::string& configuration) { return parse_machine_settings(configuration, ""); }

MachineSettings boot(const std::string& lines) { return settings_of("[boot]\n" + lines); }

std::vector<std::string> service_names(const MachineSettings& settings) {
    std::vector<std::string> names;
    for (const ServiceSettings& service : settings.services) names.push_back(service.name);
    return names;
}

std::string service(const std::string& name) { return "[service " + name + "]\ncommand = /bin/" + name + "\n"; }

TEST(MachineSettings, OfNothingAreTheDefaults) {
    const MachineSettings settings = settings_of("");
    EXPECT_THAT(settings.command, IsEmpty());
    EXPECT_FALSE(settings.kernel_names_command);
    EXPECT_EQ(settings.handover, "");
    EXPECT_EQ(settings.hostname, "");
    EXPECT_THAT(settings.modules, IsEmpty());
    EXPECT_TRUE(settings.registers);
    EXPECT_EQ(settings.broker, BrokerStart::if_key_exists);
    EXPECT_EQ(settings.timeout, std::nullopt);
    EXPECT_EQ(settings.grace, seconds(10));
    EXPECT_THAT(settings.services, IsEmpty());
    EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(MachineSettings, EveryKeyOfBootIsRead) {
    const MachineSettings settings = boot(
        "command = /bin/app -v\ninit = /sbin/init\nhostname = box\nmodules = loop, 9p\nregister = no\n"
        "broker = yes\ntimeout = 60\nstop_timeout = 3\nprotect_binfmt = yes\nembed_config = no\n");
    EXPECT_EQ(settings.command, (Words{"/bin/app", "-v"}));
    EXPECT_EQ(settings.handover, "/sbin/init");
    EXPECT_EQ(settings.hostname, "box");
    EXPECT_EQ(settings.modules, (Words{"loop", "9p"}));
    EXPECT_FALSE(settings.registers);
    EXPECT_EQ(settings.broker, BrokerStart::always);
    EXPECT_EQ(settings.timeout, seconds(60));
    EXPECT_EQ(settings.grace, seconds(3));
    EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(MachineSettings, ByteOrderMarkAndCarriageReturnsDoNotMatter) {
    const MachineSettings settings =
        settings_of("\xEF\xBB\xBF[boot]\r\ncommand = /bin/app\r\n  -v\r\nhostname = box\r\n");
    EXPECT_EQ(settings.command, (Words{"/bin/app", "-v"}));
    EXPECT_EQ(settings.hostname, "box");
    EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(MachineSettings, CommandGoesOnInIndentedLines) {
    EXPECT_EQ(boot("command = app\n  -a\n\t-b c\n").command, (Words{"app", "-a", "-b", "c"}));
    EXPECT_EQ(boot("command =\n  app\n  -a\n").command, (Words{"app", "-a"}));
    EXPECT_EQ(boot("command = a;\n  b\n").command, (Words{"/bin/sh", "-c", "a; b"}));
}

TEST(MachineSettings, ListOfModulesGoesOnInIndentedLines) {
    EXPECT_EQ(boot("modules = a b,\n  c\n").modules, (Words{"a", "b", "c"}));
}

TEST(MachineSettings, KeyThatIsWrittenAgainReplacesItsValue) {
    EXPECT_EQ(boot("command = a\ncommand = b\n").command, Words{"b"});
    EXPECT_EQ(boot("command = a\nhostname = x\ncommand = b\n  c\n").command, (Words{"b", "c"}));
    EXPECT_EQ(boot("modules = a\nmodules = b\n").modules, Words{"b"});
    EXPECT_EQ(boot("timeout = 1\n[boot]\ntimeout = 2\n").timeout, seconds(2));
    EXPECT_THAT(boot("command = a\ncommand =\n").command, IsEmpty());
}

TEST(MachineSettings, SystemdIsAnInitToHandOverTo) {
    EXPECT_EQ(boot("systemd = yes\n").handover, "/lib/systemd/systemd");
    EXPECT_EQ(boot("systemd = no\n").handover, "");
    EXPECT_EQ(boot("systemd = yes\ninit = /sbin/init\n").handover, "/sbin/init");
}

TEST(MachineSettings, BrokerIsForcedOrForbiddenOrFollowsTheKey) {
    const std::pair<const char*, BrokerStart> table[] = {
        {"auto", BrokerStart::if_key_exists}, {"yes", BrokerStart::always}, {"true", BrokerStart::always},
        {"On", BrokerStart::always},          {"no", BrokerStart::never},   {"false", BrokerStart::never}};
    for (const auto& [value, start] : table) {
        EXPECT_EQ(boot("broker = no\nbroker = " + std::string(value) + "\n").broker, start) << value;
    }
}

TEST(MachineSettings, BadValueIsLeftOutWithAWarningThatNamesTheLine) {
    const std::pair<const char*, const char*> table[] = {
        {"register = maybe", "line 2: register = maybe: wanted yes or no"},
        {"register =", "line 2: register = : wanted yes or no"},
        {"register = y", "line 2: register = y: wanted yes or no"},
        {"systemd = 2", "line 2: systemd = 2: wanted yes or no"},
        {"broker = Auto", "line 2: broker = Auto: wanted auto, yes or no"},
        {"init = init", "line 2: init = init: wanted a path from the root directory"},
        {"init =", "line 2: init = : wanted a path from the root directory"},
        {"timeout = soon", "line 2: timeout = soon: wanted a number of seconds"},
        {"comand = /bin/app", "line 2: the key comand of [boot] is not known and is ignored"},
        {"Commands = /bin/app", "line 2: the key Commands of [boot] is not known and is ignored"},
        {"nonsense", "line 2: neither [section] nor name = value"},
    };
    for (const auto& [line, warning] : table) {
        const MachineSettings settings = boot(line + std::string("\n"));
        EXPECT_THAT(settings.warnings, ElementsAre(StartsWith(warning))) << line;
        EXPECT_TRUE(settings.registers && settings.handover.empty() && settings.command.empty()) << line;
        EXPECT_EQ(settings.broker, BrokerStart::if_key_exists) << line;
    }
}

TEST(MachineSettings, CommandOfAWslConfMayStandInQuotes) {
    EXPECT_EQ(boot("command = \"service docker start\"\n").command, (Words{"service", "docker", "start"}));
    EXPECT_EQ(boot("command = \"a b\" \"c\"\n").command, (Words{"/bin/sh", "-c", "\"a b\" \"c\""}));
    EXPECT_EQ(boot("command = \"\n").command, (Words{"/bin/sh", "-c", "\""}));
    EXPECT_THAT(boot("command = \"\"\n").command, IsEmpty());
}

TEST(MachineSettings, KeysThatOnlyWslHasAreNoNews) {
    EXPECT_THAT(boot("initTimeout = 10000\nprotectBinfmt = true\nsystemd = True # yes\n").warnings, IsEmpty());
}

TEST(MachineSettings, TimeIsANumberOfSecondsUpToADay) {
    EXPECT_EQ(boot("timeout = 1\n").timeout, seconds(1));
    EXPECT_EQ(boot("timeout = 86400\n").timeout, seconds(86400));
    for (const char* bad : {"", "86401", "-1", "+1", "1.5", "1s", "0x10", "1 2", "99999999999999999999"}) {
        const MachineSettings settings = boot("timeout = " + std::string(bad) + "\nstop_timeout = " + bad + "\n");
        EXPECT_EQ(settings.timeout, std::nullopt) << bad;
        EXPECT_EQ(settings.grace, seconds(10)) << bad;
        EXPECT_EQ(settings.warnings.size(), 2u) << bad;
    }
}

TEST(MachineSettings, NoSecondsAreNoTimeoutAndNoGrace) {
    const MachineSettings settings = boot("timeout = 5\ntimeout = 0\nstop_timeout = 0\n");
    EXPECT_EQ(settings.timeout, std::nullopt);
    EXPECT_EQ(settings.grace, seconds(0));
    EXPECT_EQ(settings.warnings.size(), 0u);
}

TEST(MachineSettings, WhatFollowsAWrongLineIsRead) {
    const MachineSettings settings = boot("nonsense\nregister = what\nhostname = box\n");
    EXPECT_EQ(settings.hostname, "box");
    EXPECT_EQ(settings.warnings.size(), 2u);
}

TEST(MachineSettings, ServiceWithABrokenHeaderDoesNotReplaceTheCommand) {
    const MachineSettings settings = boot("command = /bin/app\n[service web\ncommand = httpd\n");
    EXPECT_EQ(settings.command, Words{"/bin/app"});
    EXPECT_THAT(settings.warnings, ElementsAre("line 3: neither [section] nor name = value"));
}

TEST(MachineSettings, OtherSectionsAreLeftToOthers) {
    const MachineSettings settings = settings_of(
        "command = a\n[host]\ncommand = b\n[Boots]\ncommand = c\n[service]\ncommand = d\n[services x]\ncommand = e\n");
    EXPECT_THAT(settings.command, IsEmpty());
    EXPECT_THAT(settings.services, IsEmpty());
    EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(MachineSettings, CommandWithALineThatIsTooLongIsLeftOutWhole) {
    const std::string tail(interop::longest_ini_line, 'x');
    const auto too_long = AllOf(StartsWith("line 3: longer than 197 bytes"), HasSubstr("command is ignored"));
    MachineSettings settings = boot("command = a\ncommand = " + tail + "\n  -c\nhostname = box\n");
    EXPECT_THAT(settings.command, IsEmpty());
    EXPECT_EQ(settings.hostname, "box");
    EXPECT_THAT(settings.warnings, ElementsAre(too_long));
    settings = boot("command = a\n  " + tail + "\n  -c\n");
    EXPECT_THAT(settings.command, IsEmpty());
    EXPECT_THAT(settings.warnings, ElementsAre(too_long));
    EXPECT_EQ(boot("command = " + tail + "\ncommand = b\n").command, Words{"b"});
}

TEST(MachineSettings, OtherSettingThatIsTooLongKeepsWhatItWas) {
    const MachineSettings settings =
        boot("init = /sbin/init\ninit = /" + std::string(interop::longest_ini_line, 'x') + "\n");
    EXPECT_EQ(settings.handover, "/sbin/init");
    EXPECT_THAT(settings.warnings, ElementsAre(StartsWith("line 3: longer than")));
}

TEST(MachineSettings, LongLineOfAnotherSectionIsNoConcernOfTheirs) {
    EXPECT_THAT(settings_of("[host]\nkey = " + std::string(300, 'x') + "\n").warnings, IsEmpty());
}

TEST(MachineSettings, EveryKeyOfAServiceIsRead) {
    const MachineSettings settings = settings_of(
        "[service web]\ncommand = httpd -p\n  80\nlog = /run/web.log\nrestart = always\n[service db]\ncommand = db\n");
    ASSERT_THAT(service_names(settings), ElementsAre("web", "db"));
    EXPECT_EQ(settings.services[0].command, (Words{"httpd", "-p", "80"}));
    EXPECT_EQ(settings.services[0].log, "/run/web.log");
    EXPECT_EQ(settings.services[0].restart, Restart::always);
    EXPECT_EQ(settings.services[1].log, "");
    EXPECT_EQ(settings.services[1].restart, Restart::on_failure);
    EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(MachineSettings, ServiceIsStartedAgainAsItsSectionSays) {
    const std::pair<const char*, Restart> table[] = {{"no", Restart::never},
                                                     {"on-abnormal", Restart::on_abnormal},
                                                     {"on-failure", Restart::on_failure},
                                                     {"always", Restart::always}};
    for (const auto& [value, restart] : table) {
        const MachineSettings settings = settings_of(service("web") + "restart = " + value + "\n");
        EXPECT_EQ(settings.services.at(0).restart, restart) << value;
    }
}

TEST(MachineSettings, BadValueOfAServiceIsLeftOutWithAWarning) {
    const std::pair<const char*, const char*> table[] = {
        {"restart = yes", "line 3: restart = yes: wanted no, on-abnormal, on-failure or always"},
        {"restart =", "line 3: restart = : wanted no"},
        {"log = web.log", "line 3: log = web.log: wanted a path from the root directory"},
        {"user = web", "line 3: the key user of [service web] is not known and is ignored"},
    };
    for (const auto& [line, warning] : table) {
        const MachineSettings settings = settings_of(service("web") + line + "\n");
        EXPECT_THAT(settings.warnings, ElementsAre(StartsWith(warning))) << line;
        EXPECT_THAT(service_names(settings), ElementsAre("web")) << line;
        EXPECT_EQ(settings.services.at(0).restart, Restart::on_failure) << line;
        EXPECT_EQ(settings.services.at(0).log, "") << line;
    }
}

TEST(MachineSettings, ServiceWithoutACommandIsLeftOut) {
    const MachineSettings settings =
        settings_of("[service a]\nrestart = always\n[service b]\ncommand =\n[service c]\n" + service("d"));
    EXPECT_THAT(service_names(settings), ElementsAre("d"));
    EXPECT_THAT(settings.warnings, ElementsAre("line 2: [service a] has no command and is ignored",
                                               "line 4: [service b] has no command and is ignored"));
}

TEST(MachineSettings, SectionsOfTheSameServiceAreOne) {
    const MachineSettings settings =
        settings_of(service("web") + service("db") + "[service web]\nrestart = no\n[service web]\ncommand = other\n");
    ASSERT_THAT(service_names(settings), ElementsAre("web", "db"));
    EXPECT_EQ(settings.services[0].command, Words{"other"});
    EXPECT_EQ(settings.services[0].restart, Restart::never);
}

TEST(MachineSettings, ServicesWithDifferentCaseAreTwo) {
    EXPECT_THAT(service_names(settings_of(service("web") + service("WEB"))), ElementsAre("web", "WEB"));
}

TEST(MachineSettings, NameOfAServiceCanBeTheNameOfAFile) {
    for (const char* name : {"a", "0", "Web-server_2.d", "a..", "web.service"}) {
        EXPECT_THAT(service_names(settings_of(service(name))), ElementsAre(name)) << name;
    }
    for (const char* name : {"", "../x", "a/b", "/", ".", "..", ".a", "-a", "_a", "a b", " a", "a ", "a\tb", "a:b",
                             "a\xC3\xA4", "a*", "a\\b", "a\x01"}) {
        const MachineSettings settings = settings_of("[service " + std::string(name) + "]\ncommand = a\n");
        EXPECT_THAT(settings.services, IsEmpty()) << name;
        EXPECT_THAT(settings.warnings, ElementsAre(AllOf(StartsWith("line 2: [service "), HasSubstr("is ignored"))))
            << name;
    }
}

TEST(MachineSettings, LongestNameOfAServiceIsFortyCharacters) {
    const std::string longest(40, 'n');
    EXPECT_THAT(service_names(settings_of(service(longest))), ElementsAre(longest));
    // The reader of the file cuts them, to the same name where they are the same up to there.
    for (const std::size_t size : {41u, 42u, 64u, 65u, 150u}) {
        const std::string name(size, 'n');
        const MachineSettings settings =
            settings_of("[service " + name + "a]\ncommand = a\n[service " + name + "b]\ncommand = b\n");
        EXPECT_THAT(settings.services, IsEmpty()) << size;
        EXPECT_THAT(settings.warnings, ElementsAre(HasSubstr("at most 40"))) << size;
    }
}

TEST(MachineSettings, RefusedServiceIsWarnedOfOnce) {
    const MachineSettings settings = settings_of("[service ../x]\ncommand = a\nrestart = no\nbad = 1\n" + service("b"));
    EXPECT_EQ(settings.warnings.size(), 1u);
    EXPECT_THAT(service_names(settings), ElementsAre("b"));
}

TEST(MachineSettings, ServicesBeyondTheLimitAreLeftOut) {
    std::string text;
    for (std::size_t i = 0; i < MachineSettings::most_services; ++i) text += service("s" + std::to_string(i));
    EXPECT_THAT(settings_of(text).warnings, IsEmpty());
    const MachineSettings settings = settings_of(text + service("more") + "[service s0]\nrestart = no\n");
    EXPECT_EQ(settings.services.size(), MachineSettings::most_services);
    EXPECT_THAT(settings.warnings, ElementsAre("line 130: too many services, [service more] is ignored"));
    EXPECT_EQ(settings.services.front().restart, Restart::never);
}

TEST(MachineSettings, KernelsCommandLineHasTheLastWordOnTheCommand) {
    const std::string file = "[boot]\ncommand = /bin/file\n";
    MachineSettings settings = parse_machine_settings(file, "quiet mzinit.exec=\"/bin/app -v\"\n");
    EXPECT_EQ(settings.command, (Words{"/bin/app", "-v"}));
    EXPECT_TRUE(settings.kernel_names_command);
    settings = parse_machine_settings(file, "quiet\n");
    EXPECT_EQ(settings.command, Words{"/bin/file"});
    EXPECT_FALSE(settings.kernel_names_command);
}

TEST(MachineSettings, EmptyCommandOfTheKernelIsNone) {
    const MachineSettings settings = parse_machine_settings("[boot]\ncommand = /bin/file\n", "mzinit.exec= quiet");
    EXPECT_THAT(settings.command, IsEmpty());
    EXPECT_TRUE(settings.kernel_names_command);
}

TEST(MachineSettings, KernelsCommandLineHasTheLastWordOnTheInit) {
    const std::string file = "[boot]\ninit = /sbin/init\n";
    EXPECT_EQ(parse_machine_settings(file, "boot.init=/bin/other").handover, "/bin/other");
    EXPECT_EQ(parse_machine_settings(file, "boot.init=").handover, "");
    EXPECT_EQ(parse_machine_settings(file, "init=/init xboot.init=/x").handover, "/sbin/init");
    const MachineSettings settings = parse_machine_settings(file, "boot.init=other");
    EXPECT_EQ(settings.handover, "/sbin/init");
    EXPECT_THAT(settings.warnings,
                ElementsAre("the kernel's command line: boot.init=other is no path from the root directory"));
}

TEST(MachineSettings, AnyBytesAreRead) {
    std::string every_byte = "[boot]\ncommand = ";
    for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
    const std::function<std::string(char)> filled = [](char c) { return std::string(100'000, c); };
    for (const std::string& text :
         {every_byte, filled('\0'), filled('\n'), filled('['), filled('='), filled(' '), filled('\xFF'),
          "[service " + filled('x'), "[boot]\n" + filled('x') + "\n hostname = a"}) {
        const MachineSettings settings = parse_machine_settings(text, text);
        EXPECT_THAT(settings.services, IsEmpty());
    }
}

TEST(MachineSettings, LoadWhateverIsInThePlaceOfTheFile) {
    const std::string directory = ::testing::TempDir() + "mzinit_settings";
    const std::string fifo = directory + "/fifo";
    const std::string loop = directory + "/loop";
    const std::string large = directory + "/large";
    std::filesystem::create_directory(directory);
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    std::filesystem::create_symlink(loop, loop);
    std::ofstream(large) << "[boot]\nhostname = " << std::string(1 << 20, 'x');
    for (const std::string& path : {directory, fifo, loop, large, directory + "/none", std::string("/dev/zero")}) {
        ASSERT_EQ(::setenv("MZINIT_CONF", path.c_str(), 1), 0);
        const MachineSettings settings = load_machine_settings();
        EXPECT_TRUE(settings.registers) << path;
        EXPECT_EQ(settings.hostname, "") << path;
        // A FIFO that nobody writes to is an empty file.
        EXPECT_EQ(settings.warnings.empty(), path == fifo) << path;
    }
    ::unsetenv("MZINIT_CONF");
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace init
