// SPDX-License-Identifier: MIT
#include "init/machine/end_machine.h"

#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>

#include "init/emergency.h"
#include "init/machine/unmount.h"
#include "init/messages.h"

namespace init {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds file_system_patience{30};

timespec to_timespec(Clock::duration time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    return {.tv_sec = seconds.count(),
            .tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count()};
}

/// Waits for `child` until `deadline`, and collects all others meanwhile. SIGCHLD must be blocked.
bool wait_for(pid_t child, Clock::time_point deadline) {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGCHLD);
    while (true) {
        for (pid_t ended; (ended = ::waitpid(-1, nullptr, WNOHANG)) > 0;) {
            if (ended == child) return true;
        }
        const auto left = deadline - Clock::now();
        if (left <= Clock::duration::zero()) return false;
        const timespec time = to_timespec(left);
        (void)::sigtimedwait(&signals, nullptr, &time);
    }
}

/// A server that is gone can make `step` wait in the kernel for ever, where no signal ends it: so another process does it.
void perform(void (*step)(), const char* doing) {
    const pid_t child = ::fork();
    if (child == 0) {
        step();
        ::_exit(0);
    }
    if (child < 0) return step();
    if (!wait_for(child, Clock::now() + file_system_patience)) {
        warn_user(std::string(doing) + " takes too long; going on without");
    }
}

void unmount_and_complain() {
    stop_swapping();
    for (const std::string& problem : unmount_all()) warn_user(problem);
}

int reboot_command(MachineEnd end) noexcept {
    switch (end) {
        case MachineEnd::reboot: return RB_AUTOBOOT;
        case MachineEnd::halt: return RB_HALT_SYSTEM;
        case MachineEnd::power_off: break;
    }
    return RB_POWER_OFF;
}

const char* sentence_for(MachineEnd end) {
    switch (end) {
        case MachineEnd::reboot: return "restarting the machine";
        case MachineEnd::halt: return "halting the machine";
        case MachineEnd::power_off: break;
    }
    return "switching the machine off";
}

[[noreturn]] void reboot_by(int command) noexcept {
    ::reboot(command);
    while (true) ::pause();  // Ending would make the kernel panic.
}

[[noreturn]] void end_machine_at_once(MachineEnd end) noexcept {
    ::sync();
    reboot_by(reboot_command(end));
}

void finish_in_emergency(int) noexcept { end_machine_at_once(MachineEnd::power_off); }

void serve_in_emergency(int signal) noexcept {
    if (const auto end = machine_end_for(signal)) end_machine_at_once(*end);
}

}  // namespace

void end_machine(MachineEnd end) {
    (void)!::chdir("/");
    perform(::sync, "writing to the disks");
    perform(unmount_and_complain, "unmounting");
    warn_user(sentence_for(end));
    reboot_by(reboot_command(end));
}

void arm_machine_emergency(pid_t command) noexcept { arm_emergency(command, finish_in_emergency, serve_in_emergency); }

}  // namespace init
