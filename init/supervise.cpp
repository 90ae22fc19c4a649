// SPDX-License-Identifier: MIT
#include "init/supervise.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace init {
namespace {

using Action = Supervisor::Action;

class Supervision {
  public:
    Supervision(Supervisor supervisor, const CommandTerminal& terminal, OnOrphan on_orphan) noexcept
        : supervisor_(supervisor), terminal_(terminal), on_orphan_(on_orphan) {}

    int run() noexcept;

  private:
    void reap() noexcept;
    void perform(Action action) noexcept;

    Supervisor supervisor_;
    const CommandTerminal& terminal_;
    OnOrphan on_orphan_;
};

pid_t sender_of(const siginfo_t& signal) noexcept {
    return signal.si_code == SI_USER || signal.si_code == SI_TKILL || signal.si_code == SI_QUEUE ? signal.si_pid : 0;
}

void Supervision::reap() noexcept {
    int status = 0;
    while (true) {
        const pid_t child = ::waitpid(-1, &status, WNOHANG | WUNTRACED);
        if (child <= 0) return;
        if (WIFSTOPPED(status)) {
            perform(supervisor_.child_stopped(child, WSTOPSIG(status)));
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

int Supervision::run() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    // One SIGCHLD may stand for many children, and the first may have ended before we came here.
    reap();
    while (!supervisor_.exit_code()) {
        siginfo_t signal{};
        if (::sigwaitinfo(&all, &signal) < 0) continue;
        perform(supervisor_.signal_arrived(signal.si_signo, sender_of(signal)));
    }
    if (const int farewell = supervisor_.farewell_signal()) ::kill(supervisor_.forward_target(), farewell);
    return *supervisor_.exit_code();
}

}  // namespace

int supervise(Supervisor supervisor, const CommandTerminal& terminal, OnOrphan on_orphan) noexcept {
    return Supervision(supervisor, terminal, on_orphan).run();
}

}  // namespace init
