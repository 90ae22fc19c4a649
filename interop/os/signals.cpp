// SPDX-License-Identifier: MIT
#include "interop/os/signals.h"

#include <algorithm>
#include <iterator>

namespace interop {
namespace {

constexpr int fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

}  // namespace

SignalState SignalState::current() noexcept {
    SignalState state{};
    ::sigemptyset(&state.ignored);
    ::sigprocmask(SIG_SETMASK, nullptr, &state.blocked);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        struct sigaction action {};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
            ::sigaddset(&state.ignored, signal);
        }
    }
    return state;
}

void SignalState::restore() const noexcept {
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        struct sigaction action {};
        action.sa_handler = ::sigismember(&ignored, signal) == 1 ? SIG_IGN : SIG_DFL;
        ::sigaction(signal, &action, nullptr);
    }
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

bool is_fault_signal(int signal) noexcept {
    return std::ranges::find(fault_signals, signal) != std::end(fault_signals);
}

void block_signals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    for (const int signal : fault_signals) ::sigdelset(&all, signal);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace interop
