// SPDX-License-Identifier: MIT
#include "init/supervise.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "interop/os/unique_fd.h"

namespace init {
namespace {

using Action = Supervisor::Action;

class Supervision {
  public:
    Supervision(Supervisor supervisor, CommandTerminal& terminal, OnOrphan on_orphan) noexcept
        : supervisor_(supervisor), terminal_(terminal), on_orphan_(on_orphan) {}

    int run(RuleGuard* guard) noexcept;

  private:
    void serve_signals() noexcept;
    void serve_signals_and(RuleGuard& guard) noexcept;
    void reap() noexcept;
    void perform(Action action) noexcept;

    Supervisor supervisor_;
    CommandTerminal& terminal_;
    OnOrphan on_orphan_;
};

pid_t sender_of(int code, pid_t pid) noexcept {
    if (code == SI_KERNEL) return Supervisor::the_kernel;
    return code == SI_USER || code == SI_TKILL || code == SI_QUEUE ? pid : 0;
}

void Supervision::reap() noexcept {
    int status = 0;
    while (true) {
        const pid_t child = ::waitpid(-1, &status, WNOHANG | WUNTRACED);
        if (child <= 0) return;
        if (WIFSTOPPED(status)) {
            const int signal = WSTOPSIG(status);
            const bool wants_terminal = child == supervisor_.main_child() && (signal == SIGTTIN || signal == SIGTTOU);
            perform(supervisor_.child_stopped(child, signal, wants_terminal && terminal_.give_to(child)));
            continue;
        }
        supervisor_.child_ended(child, status);
        if (child != supervisor_.main_child() && on_orphan_ != nullptr) on_orphan_(child);
    }
}

void Supervision::perform(Action action) noexcept {
    switch (action.step) {
        case Action::Step::none: break;
        case Action::Step::reap: reap(); break;
        case Action::Step::forward: ::kill(supervisor_.forward_target(), action.signal); break;
        case Action::Step::forward_and_stop:
            if (action.signal != 0) ::kill(supervisor_.forward_target(), action.signal);
            ::kill(::getpid(), SIGSTOP);
            break;
        case Action::Step::forward_typed:
            terminal_.give_to(supervisor_.main_child());
            ::kill(-supervisor_.main_child(), action.signal);
            break;
        case Action::Step::suspend:
            terminal_.give_back();
            // The whole group: what was started together with us is one job of the shell, unshare(1) for one, whose
            // child we are. As PID 1 we go on, and wait for the SIGCONT like the others.
            ::kill(0, SIGSTOP);
            break;
        case Action::Step::resume:
            terminal_.give_to(supervisor_.main_child());
            ::kill(-supervisor_.main_child(), SIGCONT);
            break;
    }
}

void Supervision::serve_signals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    while (!supervisor_.exit_code()) {
        siginfo_t signal{};
        if (::sigwaitinfo(&all, &signal) < 0) continue;
        perform(supervisor_.signal_arrived(signal.si_signo, sender_of(signal.si_code, signal.si_pid)));
    }
}

void Supervision::serve_signals_and(RuleGuard& guard) noexcept {
    sigset_t all;
    ::sigfillset(&all);
    const interop::UniqueFd signals(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals) return;
    pollfd waiting[] = {{.fd = signals.get(), .events = POLLIN, .revents = 0},
                        {.fd = guard.descriptor(), .events = POLLIN, .revents = 0}};
    while (!supervisor_.exit_code()) {
        if (::poll(waiting, 2, -1) < 0) {
            if (errno != EINTR && errno != EAGAIN) return;
            continue;
        }
        signalfd_siginfo signal{};
        // One at a time: what it makes us do may concern those that wait behind it.
        if (::read(signals.get(), &signal, sizeof signal) == sizeof signal) {
            const auto sender = sender_of(signal.ssi_code, static_cast<pid_t>(signal.ssi_pid));
            perform(supervisor_.signal_arrived(static_cast<int>(signal.ssi_signo), sender));
        }
        if (waiting[1].revents != 0) guard.on_readable(std::chrono::steady_clock::now());
    }
}

int Supervision::run(RuleGuard* guard) noexcept {
    // One SIGCHLD may stand for many children, and the first may have ended before we came here.
    reap();
    if (guard != nullptr) serve_signals_and(*guard);
    serve_signals();  // Until the end; after the other only if there was no descriptor to be had.
    if (const int farewell = supervisor_.farewell_signal()) ::kill(supervisor_.forward_target(), farewell);
    return *supervisor_.exit_code();
}

}  // namespace

int supervise(Supervisor supervisor, CommandTerminal& terminal, OnOrphan on_orphan, RuleGuard* guard) noexcept {
    return Supervision(supervisor, terminal, on_orphan).run(guard);
}

}  // namespace init
