// SPDX-License-Identifier: MIT
#include "init/supervisor.h"

#include <sys/wait.h>

#include <csignal>

#include "interop/os/signals.h"

namespace init {

Supervisor::Step Supervisor::signal_arrived(int signal, pid_t sender) const noexcept {
    if (signal == SIGCHLD) return Step::reap;
    if (signal == SIGKILL || signal == SIGSTOP || interop::is_fault_signal(signal)) return Step::none;
    // Our own: SIGPIPE for a message that nobody reads. It is no business of the command's.
    if (sender == own_pid_) return Step::none;
    return Step::forward;
}

void Supervisor::child_ended(pid_t child, int wait_status) noexcept {
    if (child == main_child_) exit_code_ = exit_code_from(wait_status);
}

int exit_code_from(int wait_status) noexcept {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace init
