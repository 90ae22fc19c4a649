// SPDX-License-Identifier: MIT
#include "init/emergency.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "interop/os/signals.h"
#include "proto/base/check.h"

namespace init {
namespace {

// Handlers have no arguments of ours, so what they need is here.
pid_t main_child = 0;
Finish finish_with = nullptr;
OnSignal serve_signal = nullptr;
alignas(16) char handler_stack[16 * 1024];

void report(const char* what) noexcept {
    char line[256];
    const int length =
        std::snprintf(line, sizeof line, "mzinit: emergency: %s; going on with the bare minimum\n", what);
    const int kernel_log = ::open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
    const auto size =
        static_cast<std::size_t>(length) < sizeof line ? static_cast<std::size_t>(length) : sizeof line - 1;
    if (kernel_log < 0 || ::write(kernel_log, line, size) < 0) (void)!::write(STDERR_FILENO, line, size);
    if (kernel_log >= 0) ::close(kernel_log);
}

// The same as supervise(), but shares no code with it: that may be what failed.
[[noreturn]] void go_on() noexcept {
    interop::block_signals();
    sigset_t all;
    ::sigfillset(&all);
    while (true) {
        int status = 0;
        pid_t child;
        while ((child = ::waitpid(-1, &status, WNOHANG)) > 0) {
            if (child == main_child) finish_with(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
        }
        const int signal = ::sigwaitinfo(&all, nullptr);
        if (signal <= 0 || signal == SIGCHLD || signal == SIGPIPE) continue;
        if (serve_signal != nullptr) {
            serve_signal(signal);
        } else if (main_child > 0) {
            ::kill(main_child, signal);
        }
    }
}

[[noreturn]] void enter(const char* what) noexcept {
    report(what);
    go_on();
}

void check_handler(const char* file, int line, const char* text) noexcept {
    char what[192];
    std::snprintf(what, sizeof what, "%s:%d: check failed: %s", file, line, text);
    enter(what);
}

void fault_handler(int signal, siginfo_t* details, void*) {
    // Sent by somebody, it is no fault; but abort() sends its signal too.
    const bool is_ours = details->si_code > 0 || (signal == SIGABRT && details->si_pid == ::getpid());
    if (!is_ours) return;
    // A fault of what follows is to come here again.
    sigset_t all_but_faults;
    ::sigfillset(&all_but_faults);
    for (int number = 1; number <= SIGRTMAX; ++number) {
        if (number == SIGABRT || interop::is_fault_signal(number)) ::sigdelset(&all_but_faults, number);
    }
    ::sigprocmask(SIG_SETMASK, &all_but_faults, nullptr);
    enter(::sigdescr_np(signal));
}

}  // namespace

void arm_emergency(pid_t child, Finish finish, OnSignal on_signal) noexcept {
    main_child = child;
    finish_with = finish;
    serve_signal = on_signal;
    proto::set_check_handler(check_handler);
    // Also where an allocation fails: what throws bad_alloc is not caught.
    std::set_terminate([] { enter("an exception that nobody caught"); });
    // The stack may be what is wrong. One at a time: on some processors the stack has no room for a second one's frame.
    const stack_t stack{.ss_sp = handler_stack, .ss_flags = 0, .ss_size = sizeof handler_stack};
    ::sigaltstack(&stack, nullptr);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        if (signal != SIGABRT && !interop::is_fault_signal(signal)) continue;
        struct sigaction action {};
        action.sa_sigaction = fault_handler;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        ::sigfillset(&action.sa_mask);
        ::sigaction(signal, &action, nullptr);
    }
}

void disarm_emergency() noexcept {
    proto::set_check_handler(nullptr);
    std::set_terminate(std::abort);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        if (signal == SIGABRT || interop::is_fault_signal(signal)) ::signal(signal, SIG_DFL);
    }
}

}  // namespace init
