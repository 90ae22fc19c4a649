// SPDX-License-Identifier: MIT
#include "init/doctor_findings.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "init/embedded_interpreter.h"

namespace init {
namespace {

using interop::Backend;
using interop::Endpoint;
using interop::HostExamination;
using interop::HostProof;
using Level = Finding::Level;

constexpr std::size_t most_listed = 5;
constexpr mode_t writable_by_others = 022;
constexpr mode_t usable_by_others = 077;

std::string octal(mode_t mode) {
    char text[8];
    std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
    return text;
}

std::string list(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < std::min(words.size(), most_listed); ++i) text += (i == 0 ? "" : ", ") + words[i];
    return words.size() <= most_listed ? text : text + " and " + std::to_string(words.size() - most_listed) + " more";
}

/// An agent answered, and that was a Refused: that is told by a sentence, where connect(2) has an errno only.
bool was_refused(const proto::Error& error) {
    return error.code == std::errc::permission_denied && !error.doing.empty();
}

/// "1.3 ms", or that it is less than can be said so.
std::string milliseconds(std::chrono::microseconds time) {
    if (time < std::chrono::microseconds(100)) return "less than 0.1 ms";
    char text[32];
    std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(time.count()) / 1000);
    return text;
}

class Diagnosis {
  public:
    explicit Diagnosis(const DoctorFacts& facts) : facts_(facts) {}

    std::vector<Finding> make() {
        kernel();
        if (facts_.table) {
            rule(*facts_.table);
        } else {
            missing_table();
        }
        configuration();
        hosts();
        keys();
        broker();
        paths();
        runners();
        run_directory();
        return std::move(findings_);
    }

  private:
    void note(Level level, std::string check, std::string subject, std::string text, std::string advice = {}) {
        findings_.push_back({level, std::move(check), std::move(subject), std::move(text), std::move(advice)});
    }

    void kernel() {
        const std::string subject = "Linux " + facts_.kernel_release;
        if (facts_.kernel_tells_interpreters) {
            return note(Level::ok, "kernel", subject, "it tells an interpreter that it is one");
        }
        note(Level::warning, "kernel", subject, "it does not tell an interpreter that it is one, as Linux 5.12 does",
             "by hand, start mzinit under another path than that of the rule");
    }

    void missing_table() {
        const proto::Error& error = facts_.table.error();
        if (error.code.value() != ENODEV) {
            return note(Level::problem, "binfmt_misc", "binfmt_misc", error.message(), "look at it as root");
        }
        note(Level::problem, "binfmt_misc", "binfmt_misc", "it is not mounted on " + facts_.rule_directory,
             "mount -t binfmt_misc binfmt_misc " + facts_.rule_directory +
                 " (if that fails: modprobe binfmt_misc), then mzinit register");
    }

    void rule(const TableReport& table) {
        if (!table.is_enabled) {
            note(Level::problem, "binfmt_misc", "binfmt_misc", "it is switched off, with all of its rules",
                 "echo 1 > " + facts_.rule_directory + "/status");
        } else {
            note(Level::ok, "binfmt_misc", "binfmt_misc", "mounted on " + facts_.rule_directory + " and switched on");
        }
        if (!table.rule) {
            return note(Level::problem, "rule", "rule " + table.name,
                        "it is not registered, so the kernel does not start mzinit for MZ files", "mzinit register");
        }
        const RegisteredRule& rule = *table.rule;
        const std::string subject = "rule " + table.name;
        if (!rule.enabled) {
            note(Level::problem, "rule", subject, "it is switched off",
                 "echo 1 > " + facts_.rule_directory + "/" + table.name);
        } else if (rule.flags.find('P') == std::string::npos) {
            note(Level::problem, "rule", subject,
                 "it lacks flag P (it has '" + rule.flags + "'), without which arguments get lost",
                 "mzinit register --replace");
        } else {
            note(Level::ok, "rule", subject, "registered for " + rule.interpreter + ", flags " + rule.flags);
        }
        order(table);
        interpreter(rule);
        rule_test(subject);
    }

    void order(const TableReport& table) {
        const auto ours =
            std::ranges::find_if(table.mz_rules, [&](const MzRule& each) { return each.rule.name == table.name; });
        std::vector<std::string> before;
        std::vector<std::string> some_before;
        std::vector<std::string> after;
        for (auto each = table.mz_rules.begin(); each != table.mz_rules.end(); ++each) {
            const bool is_ours = each->rule.interpreter == table.rule->interpreter || each == ours;
            if (!each->rule.enabled || is_ours) continue;
            const std::string what = each->rule.name + " (" + each->rule.interpreter + ")";
            (each > ours ? after : each->match == MzMatch::all ? before : some_before).push_back(what);
        }
        if (!before.empty()) {
            return note(Level::problem, "rule_order", "order of rules",
                        "the kernel asks " + list(before) + " before ours", "mzinit register, which puts ours first");
        }
        if (!some_before.empty()) {
            return note(Level::warning, "rule_order", "order of rules",
                        "for some files the kernel asks " + list(some_before) + " before ours",
                        "mzinit register, which puts ours first");
        }
        note(Level::ok, "rule_order", "order of rules",
             after.empty() ? "no other rule is for MZ files" : "ours is asked before " + list(after));
    }

    void interpreter(const RegisteredRule& rule) {
        const std::string subject = "interpreter " + rule.interpreter;
        if (embedding_of(rule.interpreter) == Embedding::memory) {
            return note(Level::ok, "interpreter", "interpreter", "a copy of mzinit in memory, with its configuration");
        }
        const FileFacts& file = facts_.interpreter;
        const bool is_kept_open = rule.flags.find('F') != std::string::npos;
        if (file.exists && file.is_executable)
            return note(Level::ok, "interpreter", subject, "it is there and can be executed");
        const std::string what = file.exists ? "it cannot be executed" : "it does not exist here";
        note(is_kept_open ? Level::warning : Level::problem, "interpreter", subject,
             what + (is_kept_open ? "; the kernel has it open until the rule is gone" : ""),
             "install mzinit there, then mzinit register");
    }

    void rule_test(const std::string& subject) {
        if (!facts_.rule_test) return;
        if (*facts_.rule_test) return note(Level::ok, "rule_test", subject, "a test program was run by it");
        note(Level::problem, "rule_test", subject, "it does not work: " + facts_.rule_test->error().message(),
             "mzinit register, and look at the other rules");
    }

    void configuration() {
        constexpr const char* check = "configuration";
        if (!facts_.configuration_text) {
            return note(Level::problem, check, check, facts_.configuration_text.error().message(),
                        "make it a file that everybody who runs programs can read");
        }
        const std::string& source = facts_.configuration_text->source;
        for (const interop::ConfigurationFinding& finding : facts_.configuration_findings) {
            const bool is_error = finding.severity == interop::ConfigurationFinding::Severity::error;
            note(is_error ? Level::problem : Level::warning, check, source + ":" + std::to_string(finding.line),
                 finding.what, is_error ? "mend the line: nothing is run until then" : "mend the line");
        }
        if (!facts_.configuration) {
            // Those of the file have been named.
            if (facts_.configuration_findings.empty()) {
                note(Level::problem, check, check, facts_.configuration.error().message(),
                     "mzinit config show says where it comes from");
            }
            return;
        }
        const FileFacts& file = facts_.configuration_file;
        if (file.exists && (file.mode & writable_by_others) != 0) {
            note(Level::warning, check, source, "others than its owner can change it (mode " + octal(file.mode) + ")",
                 "chmod go-w " + source);
        }
        if (!facts_.configuration->routes.enabled) {
            return note(Level::problem, check, source, "[interop] enabled = false: all programs are refused",
                        "remove it to run programs");
        }
        if (facts_.configuration_findings.empty()) {
            note(Level::ok, check, check,
                 source.empty() ? "there is none, the defaults are in force" : source + " is in force");
        }
    }

    [[nodiscard]] bool some_agent_answers() const {
        return std::ranges::any_of(facts_.hosts, [](const HostExamination& host) { return !host.failure; });
    }

    void hosts() {
        for (const HostExamination& host : facts_.hosts) {
            const std::string subject = to_string(host.endpoint);
            if (host.failure) {
                unanswered(host, subject);
            } else {
                note(Level::ok, "agent", subject, describe(host));
            }
        }
    }

    static std::string describe(const HostExamination& host) {
        std::string text = host.info.software() + " (" + host.info.system() + ", protocol " +
                           std::to_string(host.version) + ") answers in " + milliseconds(host.round_trip) + ", ";
        switch (host.proof) {
            case HostProof::none: return text + "without a key";
            case HostProof::identity: return text + "which knows our user by the socket";
            case HostProof::key: return text + "with key " + host.proof_name;
            case HostProof::ticket: return text + "with a ticket of the broker";
        }
        return text;
    }

    void unanswered(const HostExamination& host, const std::string& subject) {
        const proto::Error& error = *host.failure;
        const bool names_endpoints = facts_.configuration && facts_.configuration->names_endpoints;
        const bool runs_by_wine = facts_.installed.wine.runs_64_bit && is_on_a_route(Backend::wine);
        const bool is_needed = names_endpoints || !runs_by_wine;
        // An agent that is there and turns us away is never meant so.
        const bool turns_away = error.code.category() == proto::peer_category() || was_refused(error);
        const bool is_problem = turns_away || (!some_agent_answers() && is_needed);
        std::string text = error.message();
        if (!is_problem) text += some_agent_answers() ? "; another agent answers" : "; programs are run by Wine here";
        note(is_problem ? Level::problem : Level::warning, "agent", subject, std::move(text),
             advice_for(host.endpoint, error));
    }

    static std::string advice_for(const Endpoint& endpoint, const proto::Error& error) {
        const std::string name = to_string(endpoint);
        const bool is_unix = endpoint.kind == Endpoint::Kind::unix_socket;
        if (error.code == proto::PeerFault::authentication || (was_refused(error) && !is_unix)) {
            return "give both sides the same key (hostbridge keygen), and look at the agent's policy and log";
        }
        if (was_refused(error)) return "look at the agent's policy and log: it does not serve this user";
        if (error.code == proto::PeerFault::no_common_version) return "update the older of mzinit and hostbridge";
        if (error.code.category() == proto::peer_category())
            return "look at the agent's log; is it an agent that listens there?";
        if (error.code.category() != std::generic_category()) return "give us a key, or run mzinit broker";
        switch (error.code.value()) {
            case ENOKEY: return "give us a key, or run mzinit broker";
            case EACCES:
            case EPERM:
                return is_unix ? "run the agent so that this user may use its socket, or run programs as another user"
                               : "let this user use the network";
            case EAFNOSUPPORT:
            case ENODEV: return "load the kernel's modules for it (vsock, vmw_vsock_virtio_transport)";
            case ETIMEDOUT: return "see whether the agent hangs, and what forwards the port";
            default: break;
        }
        if (is_unix) return "start the agent there: hostbridge --listen " + name;
        return std::string("start the agent on the host: hostbridge --listen ") +
               (endpoint.kind == Endpoint::Kind::tcp ? "tcp:127.0.0.1:" : "vsock:") + std::to_string(endpoint.port) +
               " --key-file FILE, or name where it listens in [host] endpoints";
    }

    [[nodiscard]] bool needs_key() const {
        return std::ranges::any_of(facts_.hosts, [](const HostExamination& host) {
            return host.endpoint.kind != Endpoint::Kind::unix_socket;
        });
    }

    void keys() {
        for (const FileFacts& file : facts_.key_files) {
            if (!file.exists || (file.mode & usable_by_others) == 0) continue;
            note(Level::problem, "key", file.path,
                 "others than its owner may use it (mode " + octal(file.mode) + "), so it is refused",
                 "chmod 600 " + file.path + ", and a new key if others may have seen it");
        }
        if (!needs_key()) return;
        const bool has_proved = std::ranges::any_of(facts_.hosts, [](const HostExamination& host) {
            return !host.failure && host.proof != HostProof::identity;
        });
        if (!facts_.key_problem) return note(Level::ok, "key", "key", "we have one of our own");
        const bool has_ticket = facts_.broker && *facts_.broker;
        if (has_proved || has_ticket) {
            return note(Level::ok, "key", "key",
                        std::string("we have none of our own") +
                            (has_ticket ? ", and need none: the broker gives us tickets" : ""));
        }
        note(Level::problem, "key", "key", facts_.key_problem->message(),
             "copy the agent's key file to /etc/mzinit/key, mode 0600, or run mzinit broker");
    }

    void broker() {
        if (!facts_.broker || !facts_.configuration) return;
        const std::string subject = "broker at " + facts_.configuration->broker_socket;
        if (*facts_.broker) return note(Level::ok, "broker", subject, "it gives us tickets");
        const proto::Error& error = facts_.broker->error();
        const bool is_absent = error.code == std::errc::no_such_file_or_directory;
        const bool is_needed = needs_key() && facts_.key_problem && !some_agent_answers();
        if (is_absent && !is_needed) return note(Level::ok, "broker", subject, "none runs, and none is needed");
        note(is_needed ? Level::problem : Level::warning, "broker", subject, error.message(),
             is_absent ? "systemctl start mzinit-broker, or mzinit broker as root"
                       : "look at [broker] allow_users, and whether mzinit broker runs as root");
    }

    void paths() {
        std::vector<std::string> named;
        for (const auto& [guest, host] : facts_.paths) named.push_back(guest + " is " + host);
        std::string text = named.empty() ? "no directory here has a name on the host" : list(named);
        if (!facts_.unnamed_mounts.empty()) text += "; without a name there: " + list(facts_.unnamed_mounts);
        const bool is_relayed = std::ranges::any_of(facts_.hosts, [](const HostExamination& host) {
            return !host.failure && host.endpoint.kind != Endpoint::Kind::unix_socket;
        });
        if (named.empty() && is_relayed) {
            return note(Level::warning, "paths", "paths", std::move(text),
                        "[path] map of the configuration, or --map of the agent, for what both see");
        }
        note(Level::ok, "paths", "paths", std::move(text));
    }

    /// A backend that is not there matters only where nobody else would run what it does.
    [[nodiscard]] Level level_of_missing() const { return some_agent_answers() ? Level::ok : Level::warning; }

    [[nodiscard]] bool is_on_a_route(Backend backend) const {
        if (!facts_.configuration) return true;
        return std::ranges::any_of(facts_.configuration->routes.by_kind, [backend](const interop::Route& route) {
            return std::ranges::find(route, backend) != route.end();
        });
    }

    static std::string where(const RunnerFacts& runner) {
        return runner.path + (runner.version.empty() ? "" : ", version " + runner.version);
    }

    void runner(const char* check, const char* subject, Backend backend, const RunnerFacts& facts,
                const char* package) {
        if (!is_on_a_route(backend)) return;
        if (!facts.path.empty()) return note(Level::ok, check, subject, where(facts));
        const Level level = level_of_missing();
        note(level, check, subject, "it is not installed",
             level == Level::ok ? "" : std::string("apt-get install ") + package);
    }

    void runners() {
        wine();
        runner("mono", "mono", Backend::mono, facts_.mono, "mono-runtime");
        runner("dos", "DOS emulator", Backend::dosbox, facts_.dos_emulator, "dosbox");
    }

    void wine() {
        if (facts_.wine.path.empty()) return runner("wine", "Wine", Backend::wine, facts_.wine, "wine64");
        if (!is_on_a_route(Backend::wine)) return;
        const interop::WineInstallation& wine = facts_.installed.wine;
        const std::string text = where(facts_.wine);
        if (!facts_.wine_prefix_problem.empty()) {
            return note(Level::warning, "wine", "Wine", facts_.wine_prefix_problem, "use a WINEPREFIX of our own");
        }
        if (wine.runs_64_bit && wine.runs_32_bit)
            return note(Level::ok, "wine", "Wine", text + ", for 64-bit and 32-bit programs");
        const std::string lacks = wine.runs_64_bit ? "32" : "64";
        const Level level = level_of_missing();
        note(level, "wine", "Wine", text + ", without its " + lacks + "-bit part",
             level == Level::ok ? ""
             : wine.runs_64_bit ? "dpkg --add-architecture i386 && apt-get update && apt-get install wine32"
                                : "apt-get install wine64");
    }

    void run_directory() {
        const FileFacts& directory = facts_.run_directory;
        if (!directory.exists) return;
        const bool is_private =
            (directory.mode & writable_by_others) == 0 && (directory.owner == 0 || directory.owner == facts_.user);
        if (is_private)
            return note(Level::ok, "run_directory", directory.path, "only its owner can change what is in there");
        note(Level::problem, "run_directory", directory.path,
             "others could put sockets of theirs there (mode " + octal(directory.mode) + ", uid " +
                 std::to_string(directory.owner) + ")",
             "chown root " + directory.path + "; chmod 755 " + directory.path);
    }

    const DoctorFacts& facts_;
    std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> diagnose(const DoctorFacts& facts) { return Diagnosis(facts).make(); }

bool has_problem(const std::vector<Finding>& findings) {
    return std::ranges::find(findings, Level::problem, &Finding::level) != findings.end();
}

std::string version_in(std::string_view text) {
    constexpr std::string_view digits = "0123456789";
    const auto first = text.find_first_of(digits);
    if (first == std::string_view::npos) return {};
    text.remove_prefix(first);
    return std::string(text.substr(0, text.find_first_of(" ,;()\t\r\n")));
}

}  // namespace init
