// SPDX-License-Identifier: MIT
#include "init/init.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "init/command_terminal.h"
#include "init/emergency.h"
#include "init/host_search_path.h"
#include "init/init_options.h"
#include "init/license_text.h"
#include "init/machine/machine.h"
#include "init/messages.h"
#include "init/registration.h"
#include "init/rule_guard.h"
#include "init/start_memory.h"
#include "init/supervise.h"
#include "interop/os/mount.h"
#include "interop/os/signals.h"
#include "interop/os/spawn.h"
#include "proto/base/log.h"

namespace init {
namespace {

constexpr int exit_own_failure = 1;  // usage, no process to be had, or no rule
constexpr int exit_dumb_init_cannot_run = 2;
constexpr int exit_cannot_run = 126;
constexpr int exit_not_found = 127;

void leave_container(int exit_code) noexcept { ::_exit(exit_code); }

proto::Result<pid_t> start_command(const InitOptions& options, const interop::SignalState& signals,
                                   CommandTerminal& terminal) {
    auto program = interop::find_program(options.command.front(), std::getenv("PATH"));
    if (!program) return program.error();
    interop::SpawnRequest request;
    request.path = *program;
    request.arguments = options.command;
    request.signals = &signals;
    request.own_process_group = !options.own_session && options.personality != Personality::dumb_init;
    request.own_session = options.own_session;
    request.shell_for_unknown = options.personality != Personality::mzinit;
    request.foreground_terminal = request.own_process_group ? terminal.lend() : -1;
    return interop::spawn(request);
}

/// Says why the command was not started, in the words of the personality, and returns its exit code for that.
int explain_failed_start(const InitOptions& options, const proto::Error& error) {
    const std::string& name = options.command.front();
    const std::string reason = error.code.message();
    const int problem = error.code.value();
    const bool is_tini = options.personality == Personality::tini;
    // No process could be had: it is not the command's fault.
    if (problem == EAGAIN || problem == ENOMEM) {
        report_failure((is_tini ? "fork failed: " : "cannot start " + name + ": ") + reason);
        return exit_own_failure;
    }
    report_failure((is_tini ? "exec " + name + " failed: " : name + ": ") + reason);
    if (options.personality == Personality::dumb_init) return exit_dumb_init_cannot_run;
    const bool is_missing = problem == ENOENT || problem == ENOTDIR;
    return is_missing ? exit_not_found : exit_cannot_run;
}

// Signals that arrive from here on wait until there is a command to send them to.
void take_signals() {
    interop::block_signals();
    // If we inherited it ignored, the kernel would bury our children, and their status, by itself.
    ::signal(SIGCHLD, SIG_DFL);
}

SupervisorPolicy policy_of(const InitOptions& options, const CommandTerminal& terminal) {
    SupervisorPolicy policy;
    policy.signal_group = options.signal_group;
    policy.rewrites = options.rewrites;
    policy.successes = options.successes;
    if (options.personality == Personality::dumb_init) {
        policy.stops_with_command = true;
        // Without a group of its own there is none that it could be the rest of, and its process is gone.
        policy.terminates_rest = options.signal_group;
    } else if (terminal.exists()) {
        policy.when_stopped = terminal.has_shell() ? WhenStopped::suspend : WhenStopped::resume;
    }
    return policy;
}

void report_orphan(pid_t orphan) noexcept { warn_user("Reaped zombie process with pid=" + std::to_string(orphan)); }

// PID 1 must not hang because nobody reads its messages: a pipe that can be written to takes a line at once.
void report_rule(std::string_view sentence) noexcept {
    pollfd waiting{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    if (::poll(&waiting, 1, 0) == 1) warn_user(sentence);
}

std::optional<RuleGuard> guard_rules(RegisteredRules registered) {
    auto guard = RuleGuard::watch(std::move(registered), BinfmtTable::usual_directory, report_rule);
    if (guard) return std::move(*guard);
    warn_user("nobody looks after the rule for MZ files: " + guard.error().message());
    return std::nullopt;
}

int supervise_command(const InitOptions& options, const interop::SignalState& inherited, RuleGuard* guard) {
    CommandTerminal terminal = CommandTerminal::find();
    SupervisorPolicy policy = policy_of(options, terminal);
    if (options.own_session) policy.ignores_terminal_loss = CommandTerminal::detach_session();
    const auto child = start_command(options, inherited, terminal);
    if (!child) {
        terminal.give_back();
        return explain_failed_start(options, child.error());
    }
    // The directory that we happened to be started in can be unmounted then.
    (void)!::chdir("/");
    arm_emergency(*child, leave_container);
    proto::debug("started " + options.command.front() + " as process " + std::to_string(*child));
    release_start_memory();
    const int exit_code = supervise(Supervisor(*child, ::getpid(), policy), terminal,
                                    options.warn_of_orphans ? report_orphan : nullptr, guard);
    proto::debug("it ended, exit status " + std::to_string(exit_code));
    terminal.give_back();
    return exit_code;
}

void adopt_orphans(const InitOptions& options) {
    if (options.subreaper && ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        warn_user("cannot become the one that adopts orphans: " + std::string(std::strerror(errno)));
    } else if (::getpid() == 1 || options.subreaper || options.verbosity == 0) {
        return;
    } else if (options.personality == Personality::tini) {
        warn_user(
            "Tini is not running as PID 1 and isn't registered as a child subreaper.\n"
            "Zombie processes will not be re-parented to Tini, so zombie reaping won't work.\n"
            "To fix the problem, use the -s option or set the environment variable TINI_SUBREAPER to register Tini "
            "as a child subreaper, or run Tini as PID 1.");
    } else if (options.personality == Personality::mzinit) {
        warn_user(
            "not PID 1: processes whose parent has died go to another process, zombie reaping won't work "
            "(option -s changes that)");
    }
}

/// Answers for --help and the like; nothing if there is a command to run.
std::optional<int> answer_request(const InitOptions& options, const std::string& argv0) {
    const bool to_error = options.personality == Personality::dumb_init;  // where dumb-init writes it
    const auto answer = [to_error](const std::string& text) {
        to_error ? print_error(text) : print(text);
        return 0;
    };
    switch (options.request) {
        case InitOptions::Request::help: return answer(init_usage(options.personality));
        case InitOptions::Request::version: return answer(version_line(options.personality));
        case InitOptions::Request::license: return answer(license_text);
        case InitOptions::Request::run: break;
    }
    if (!options.command.empty()) return std::nullopt;
    print_error(missing_command_text(options.personality, argv0));
    return exit_own_failure;
}

int run_in_container(const std::vector<std::string>& argv, const interop::SignalState& inherited) {
    const Personality personality = personality_of(argv.front());
    const auto options = parse_init_options(personality, argv, [](std::string_view name) {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    });
    speak_as(personality);
    if (!options) {
        const proto::Error& error = options.error();
        error.code.value() == bad_option_value ? report_failure(error.doing) : (void)print_error(error.doing + "\n");
        return exit_own_failure;
    }
    if (const auto answered = answer_request(*options, argv.front())) return *answered;
    if (options->verbosity > 1) proto::set_log_level(proto::LogLevel::debug);
    adopt_orphans(*options);
    if (options->parent_death_signal != 0) {
        // The parent's end is a signal like the others from then on: it is passed on.
        ::prctl(PR_SET_PDEATHSIG, options->parent_death_signal);
    }
    std::optional<RuleGuard> guard;
    if (options->register_rule) {
        auto registered = register_at_start();
        if (registered.status != RegistrationStatus::done) return exit_own_failure;
        guard = guard_rules(std::move(registered));
    }
    if (personality == Personality::mzinit) append_host_search_path();
    return supervise_command(*options, inherited, guard ? &*guard : nullptr);
}

}  // namespace

int run_init(Mode mode, const std::vector<std::string>& argv) {
    const interop::SignalState inherited = interop::SignalState::current();
    take_signals();
    if (mode == Mode::machine_init) run_machine({argv.begin() + 1, argv.end()}, inherited);
    return run_in_container(argv, inherited);
}

}  // namespace init
