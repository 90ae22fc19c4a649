// SPDX-License-Identifier: MIT
#include "init/supervise.h"

#include <sys/wait.h>

#include <csignal>

namespace init {
namespace {

void reap_ended_children(Supervisor& supervisor) noexcept {
    int status = 0;
    while (true) {
        const pid_t child = ::waitpid(-1, &status, WNOHANG);
        if (child <= 0) return;
        supervisor.child_ended(child, status);
    }
}

pid_t sender_of(const siginfo_t& signal) noexcept {
    return signal.si_code == SI_USER || signal.si_code == SI_TKILL || signal.si_code == SI_QUEUE ? signal.si_pid : 0;
}

}  // namespace

int supervise(Supervisor supervisor) noexcept {
    sigset_t all;
    ::sigfillset(&all);
    // One SIGCHLD may stand for many children, and the first may have ended before we came here.
    reap_ended_children(supervisor);
    while (!supervisor.exit_code()) {
        siginfo_t signal{};
        if (::sigwaitinfo(&all, &signal) < 0) continue;
        switch (supervisor.signal_arrived(signal.si_signo, sender_of(signal))) {
            case Supervisor::Step::none: break;
            case Supervisor::Step::reap: reap_ended_children(supervisor); break;
            case Supervisor::Step::forward: ::kill(supervisor.forward_target(), signal.si_signo); break;
        }
    }
    return *supervisor.exit_code();
}

}  // namespace init
