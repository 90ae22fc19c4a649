// SPDX-License-Identifier: MIT
#include "interop/session/signal_forwarding.h"

#include <array>
#include <utility>

#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/base/check.h"

namespace interop {
namespace {

constexpr std::array received_signals{SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH};
// A terminal that is not ours at the moment must not stop us: reading it fails then, and it is not written to.
constexpr std::array terminal_stops{SIGTTIN, SIGTTOU};

bool is_ignored(int signal) {
    struct sigaction action {};
    return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

SignalForwarding::SignalForwarding(asio::io_context& context, std::function<void(int)> received)
    : received_(std::move(received)), descriptor_(context) {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int signal : received_signals) {
        if (!is_ignored(signal)) sigaddset(&wanted, signal);
    }
    sigprocmask(SIG_BLOCK, &wanted, &old_mask_);
    sigset_t stops;
    sigemptyset(&stops);
    for (const int signal : terminal_stops) sigaddset(&stops, signal);
    sigprocmask(SIG_BLOCK, &stops, nullptr);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &old_sigpipe_);
    const int fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    CHECK(fd >= 0);
    descriptor_.assign(fd);
    wait();
}

SignalForwarding::~SignalForwarding() {
    sigaction(SIGPIPE, &old_sigpipe_, nullptr);
    sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
}

void SignalForwarding::wait() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& error) {
        if (error) return;
        drain();
        wait();
    });
}

void SignalForwarding::drain() {
    signalfd_siginfo info;
    while (read(descriptor_.native_handle(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        received_(static_cast<int>(info.ssi_signo));
    }
}

void SignalForwarding::stop_like_unhandled(Stop whom) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    // Pending while it is blocked; our disposition is the default one.
    if (whom == Stop::job) {
        kill(0, SIGTSTP);
    } else {
        raise(SIGTSTP);
    }
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);
    sigprocmask(SIG_BLOCK, &stop, nullptr);
}

}  // namespace interop
