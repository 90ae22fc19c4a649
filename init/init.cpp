// SPDX-License-Identifier: MIT
#include "init/init.h"

#include <sys/reboot.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "init/emergency.h"
#include "init/init_options.h"
#include "init/messages.h"
#include "init/registration.h"
#include "init/supervise.h"
#include "interop/os/foreground.h"
#include "interop/os/mount.h"
#include "interop/os/signals.h"
#include "interop/os/spawn.h"
#include "proto/base/log.h"

namespace init {
namespace {

constexpr int exit_usage = 1;
constexpr int exit_cannot_run = 126;
constexpr int exit_not_found = 127;

void leave_container(int exit_code) noexcept { ::_exit(exit_code); }

void switch_machine_off(int) noexcept {
    ::sync();
    ::reboot(RB_POWER_OFF);
    while (true) ::pause();  // Ending would make the kernel panic.
}

/// The terminal that the command gets, and who had it before.
struct Terminal {
    int fd = -1;
    pid_t previous_group = -1;

    static Terminal find() {
        const int fd = interop::find_foreground_terminal();
        return {.fd = fd, .previous_group = fd < 0 ? -1 : ::tcgetpgrp(fd)};
    }
    // Whoever started us in the same session goes on reading from it. A group outside our namespace has no number
    // here; its shell takes the terminal back by itself.
    void give_back() const {
        if (fd >= 0 && previous_group > 0) interop::give_foreground(fd, previous_group);
    }
};

proto::Result<pid_t> start_command(const std::vector<std::string>& command, const interop::SignalState& signals,
                                   const Terminal& terminal) {
    auto program = interop::find_program(command.front(), std::getenv("PATH"));
    if (!program) return program.error();
    interop::SpawnRequest request;
    request.path = *program;
    request.arguments = command;
    request.signals = &signals;
    request.own_process_group = true;
    request.foreground_terminal = terminal.fd;
    return interop::spawn(request);
}

int explain_failed_start(const std::string& name, const proto::Error& error) {
    warn_user(name + ": " + error.code.message());
    const bool is_missing = error.code.value() == ENOENT || error.code.value() == ENOTDIR;
    return is_missing ? exit_not_found : exit_cannot_run;
}

// Signals that arrive from here on wait until there is a command to send them to.
void take_signals() {
    interop::block_signals();
    // If we inherited it ignored, the kernel would bury our children, and their status, by itself.
    ::signal(SIGCHLD, SIG_DFL);
}

int supervise_command(const InitOptions& options, const interop::SignalState& inherited, Finish finish) {
    const Terminal terminal = Terminal::find();
    const auto child = start_command(options.command, inherited, terminal);
    if (!child) {
        terminal.give_back();
        return explain_failed_start(options.command.front(), child.error());
    }
    arm_emergency(*child, finish);
    proto::debug("started " + options.command.front() + " as process " + std::to_string(*child));
    const int exit_code = supervise(Supervisor(*child, ::getpid()));
    proto::debug("it ended, exit status " + std::to_string(exit_code));
    terminal.give_back();
    return exit_code;
}

void warn_unless_orphans_are_ours() {
    if (::getpid() != 1) {
        warn_user("not PID 1: processes whose parent has died go to another process, zombie reaping won't work");
    }
}

int run_in_container(const std::vector<std::string>& arguments, const interop::SignalState& inherited) {
    const auto options = parse_init_options(arguments, ArgumentSource::user);
    if (!options) {
        warn_user(options.error().doing);
        return exit_usage;
    }
    if (options->command.empty()) {
        print_error(init_usage());
        return exit_usage;
    }
    if (options->verbosity > 0) proto::set_log_level(proto::LogLevel::debug);
    warn_unless_orphans_are_ours();
    if (options->register_rule && register_at_start() != RegistrationStatus::done) return exit_usage;
    return supervise_command(*options, inherited, leave_container);
}

[[noreturn]] void run_machine(const std::vector<std::string>& arguments, const interop::SignalState& inherited) {
    InitOptions options = parse_init_options(arguments, ArgumentSource::kernel).value_or({});
    if (options.command.empty()) options.command = {"/bin/sh"};
    if (options.verbosity > 0) proto::set_log_level(proto::LogLevel::debug);
    if (options.register_rule) (void)register_at_start();
    const int exit_code = supervise_command(options, inherited, switch_machine_off);
    warn_user(options.command.front() + " ended with exit status " + std::to_string(exit_code));
    switch_machine_off(exit_code);
    std::abort();
}

}  // namespace

int run_init(Mode mode, const std::vector<std::string>& arguments) {
    const interop::SignalState inherited = interop::SignalState::current();
    take_signals();
    if (mode == Mode::machine_init) run_machine(arguments, inherited);
    return run_in_container(arguments, inherited);
}

}  // namespace init
