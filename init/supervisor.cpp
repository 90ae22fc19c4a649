// SPDX-License-Identifier: MIT
#include "init/supervisor.h"

#include <sys/wait.h>

#include <csignal>
#include <utility>

#include "interop/os/signals.h"

namespace init {
namespace {

bool is_terminal_stop(int signal) noexcept { return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU; }

}  // namespace

Supervisor::Action Supervisor::signal_arrived(int signal, pid_t sender) noexcept {
    using Step = Action::Step;
    if (signal == SIGCHLD) return {Step::reap};
    if (signal == SIGKILL || signal == SIGSTOP || interop::is_fault_signal(signal)) return {};
    // Our own: SIGPIPE for a message that nobody reads. It is no business of the command's.
    if (sender == own_pid_) return {};
    if (signal == SIGHUP && std::exchange(hangup_expected_, false)) return {};
    if (signal == SIGCONT && std::exchange(continue_expected_, false)) return {};
    // After `fg` the terminal is ours to give, and after `bg` it is not: the caller looks.
    if (signal == SIGCONT && policy_.when_stopped == WhenStopped::suspend) {
        is_suspended_ = false;
        return {Step::resume};
    }
    // Typed before we were told to go on, or in place of it: a stop that comes while SIGCONT waits for us discards that.
    if (signal == SIGTSTP && is_suspended_) return {Step::suspend};
    // A shell that puts a job into the foreground which runs already gives us the terminal without another word.
    const bool is_typed = sender == the_kernel && (signal == SIGINT || signal == SIGQUIT || signal == SIGTSTP);
    if (is_typed && policy_.when_stopped == WhenStopped::suspend) return {Step::forward_typed, signal};
    const int forwarded = policy_.rewrites.apply(signal);
    const bool stops_us = policy_.stops_with_command && is_terminal_stop(signal);
    if (forwarded == 0 && !stops_us) return {};
    return {stops_us ? Step::forward_and_stop : Step::forward, forwarded};
}

void Supervisor::child_ended(pid_t child, int wait_status) noexcept {
    if (child != main_child_) return;
    const int code = exit_code_from(wait_status);
    exit_code_ = policy_.successes.test(static_cast<std::size_t>(code)) ? 0 : code;
}

Supervisor::Action Supervisor::child_stopped(pid_t child, int stop_signal, bool got_terminal) noexcept {
    // Somebody who sends SIGSTOP wants the command stopped, and knows how to continue it.
    if (child != main_child_ || !is_terminal_stop(stop_signal)) return {};
    if (got_terminal && policy_.when_stopped != WhenStopped::nothing) return {Action::Step::resume};
    switch (policy_.when_stopped) {
        case WhenStopped::suspend: is_suspended_ = true; return {Action::Step::suspend};
        // Only what a user typed: a command that reads in the background would be stopped again, on and on.
        case WhenStopped::resume: return {stop_signal == SIGTSTP ? Action::Step::resume : Action::Step::none};
        case WhenStopped::nothing: break;
    }
    return {};
}

int Supervisor::farewell_signal() const noexcept {
    return policy_.terminates_rest ? policy_.rewrites.apply(SIGTERM) : 0;
}

int exit_code_from(int wait_status) noexcept {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace init
