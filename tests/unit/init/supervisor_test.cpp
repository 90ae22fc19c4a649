// SPDX-License-Identifier: MIT
#include "init/supervisor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

namespace init {
namespace {

constexpr pid_t command = 7;
constexpr pid_t self = 1;
using Action = Supervisor::Action;
using Step = Action::Step;

Supervisor with(const SupervisorPolicy& policy = {}) { return Supervisor(command, self, policy); }

void expect(Action action, Step step, int signal, const char* what = "") {
    EXPECT_EQ(action.step, step) << what;
    EXPECT_EQ(action.signal, signal) << what;
}

TEST(Supervisor, ForwardsEverySignalThatCanBeCaught) {
    Supervisor supervisor = with();
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGTTIN,
                             SIGTTOU, SIGWINCH, SIGABRT, SIGPIPE, SIGRTMIN, SIGRTMAX}) {
        for (const pid_t sender : {0, 99, Supervisor::the_kernel}) {
            expect(supervisor.signal_arrived(signal, sender), Step::forward, signal, ::strsignal(signal));
        }
    }
    EXPECT_EQ(supervisor.forward_target(), command);
}

TEST(Supervisor, GroupIsTheTargetIfWanted) { EXPECT_EQ(with({.signal_group = true}).forward_target(), -command); }

TEST(Supervisor, KeepsFaultSignalsFromTheCommand) {
    Supervisor supervisor = with();
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS}) {
        EXPECT_EQ(supervisor.signal_arrived(signal, 0).step, Step::none) << signal;
    }
}

TEST(Supervisor, OwnBrokenPipeIsNotForwarded) { EXPECT_EQ(with().signal_arrived(SIGPIPE, self).step, Step::none); }

TEST(Supervisor, ChildSignalMeansReaping) {
    EXPECT_EQ(with().signal_arrived(SIGCHLD, 99).step, Step::reap);
    EXPECT_EQ(with().signal_arrived(SIGCHLD, self).step, Step::reap);
}

TEST(Supervisor, RewrittenSignalIsForwardedAsTheOther) {
    SupervisorPolicy policy;
    policy.rewrites.set(SIGTERM, SIGQUIT);
    policy.rewrites.set(SIGUSR1, 0);
    Supervisor supervisor = with(policy);
    expect(supervisor.signal_arrived(SIGTERM, 0), Step::forward, SIGQUIT);
    EXPECT_EQ(supervisor.signal_arrived(SIGUSR1, 0).step, Step::none);
    expect(supervisor.signal_arrived(SIGQUIT, 0), Step::forward, SIGQUIT);
}

TEST(Supervisor, StopsWithTheCommandWhateverItGets) {
    SupervisorPolicy policy{.stops_with_command = true};
    policy.rewrites.set(SIGTSTP, SIGSTOP);
    policy.rewrites.set(SIGTTIN, 0);
    Supervisor supervisor = with(policy);
    expect(supervisor.signal_arrived(SIGTSTP, 0), Step::forward_and_stop, SIGSTOP);
    expect(supervisor.signal_arrived(SIGTTIN, 0), Step::forward_and_stop, 0);
    expect(supervisor.signal_arrived(SIGTTOU, 0), Step::forward_and_stop, SIGTTOU);
    expect(supervisor.signal_arrived(SIGCONT, 0), Step::forward, SIGCONT);
}

TEST(Supervisor, SignalsOfALostTerminalAreIgnoredOnce) {
    Supervisor supervisor = with({.ignores_terminal_loss = true});
    EXPECT_EQ(supervisor.signal_arrived(SIGHUP, 0).step, Step::none);
    EXPECT_EQ(supervisor.signal_arrived(SIGCONT, 0).step, Step::none);
    expect(supervisor.signal_arrived(SIGHUP, 0), Step::forward, SIGHUP);
    expect(supervisor.signal_arrived(SIGCONT, 0), Step::forward, SIGCONT);
}

TEST(Supervisor, StoppedCommandStopsUsWhereAShellWaits) {
    Supervisor supervisor = with({.when_stopped = WhenStopped::suspend});
    for (const int signal : {SIGTSTP, SIGTTIN, SIGTTOU}) {
        EXPECT_EQ(supervisor.child_stopped(command, signal, false).step, Step::suspend) << signal;
        EXPECT_EQ(supervisor.signal_arrived(SIGCONT, 0).step, Step::resume) << signal;
    }
    // After `bg`, then `fg`: continued twice, stopped once.
    EXPECT_EQ(supervisor.signal_arrived(SIGCONT, 0).step, Step::resume);
}

TEST(Supervisor, StopTypedInsteadOfBeingContinuedStopsAgain) {
    Supervisor supervisor = with({.when_stopped = WhenStopped::suspend});
    expect(supervisor.signal_arrived(SIGTSTP, 0), Step::forward, SIGTSTP);
    EXPECT_EQ(supervisor.child_stopped(command, SIGTSTP, false).step, Step::suspend);
    EXPECT_EQ(supervisor.signal_arrived(SIGTSTP, 0).step, Step::suspend);
    EXPECT_EQ(supervisor.signal_arrived(SIGCONT, 0).step, Step::resume);
    expect(supervisor.signal_arrived(SIGTSTP, 0), Step::forward, SIGTSTP);
}

TEST(Supervisor, WhatIsTypedWhileWeHaveTheTerminalIsForTheCommandsGroup) {
    Supervisor supervisor = with({.when_stopped = WhenStopped::suspend});
    for (const int signal : {SIGINT, SIGQUIT, SIGTSTP}) {
        expect(supervisor.signal_arrived(signal, Supervisor::the_kernel), Step::forward_typed, signal);
        expect(supervisor.signal_arrived(signal, 99), Step::forward, signal);
    }
    expect(supervisor.signal_arrived(SIGHUP, Supervisor::the_kernel), Step::forward, SIGHUP);
}

TEST(Supervisor, CommandThatWasGivenTheTerminalForWhichItStoppedGoesOn) {
    for (const WhenStopped when : {WhenStopped::suspend, WhenStopped::resume}) {
        Supervisor supervisor = with({.when_stopped = when});
        for (const int signal : {SIGTTIN, SIGTTOU}) {
            EXPECT_EQ(supervisor.child_stopped(command, signal, true).step, Step::resume) << signal;
        }
        // We are not stopped.
        expect(supervisor.signal_arrived(SIGTSTP, 99), Step::forward, SIGTSTP);
    }
    EXPECT_EQ(with().child_stopped(command, SIGTTIN, true).step, Step::none);
}

TEST(Supervisor, StoppedCommandGoesOnWhereNobodyCouldContinueIt) {
    Supervisor supervisor = with({.when_stopped = WhenStopped::resume});
    EXPECT_EQ(supervisor.child_stopped(command, SIGTSTP, false).step, Step::resume);
    // It would only be stopped again.
    EXPECT_EQ(supervisor.child_stopped(command, SIGTTIN, false).step, Step::none);
    expect(supervisor.signal_arrived(SIGCONT, 0), Step::forward, SIGCONT);
}

TEST(Supervisor, OnlyTheTerminalsStopOfTheCommandCounts) {
    for (const WhenStopped when : {WhenStopped::nothing, WhenStopped::suspend, WhenStopped::resume}) {
        Supervisor supervisor = with({.when_stopped = when});
        EXPECT_EQ(supervisor.child_stopped(command, SIGSTOP, false).step, Step::none);
        EXPECT_EQ(supervisor.child_stopped(command + 1, SIGTSTP, false).step, Step::none);
    }
    EXPECT_EQ(with().child_stopped(command, SIGTSTP, false).step, Step::none);
}

TEST(Supervisor, OrphansDoNotEndIt) {
    Supervisor supervisor = with();
    for (pid_t orphan = 100; orphan < 200; ++orphan) supervisor.child_ended(orphan, W_EXITCODE(3, 0));
    EXPECT_FALSE(supervisor.exit_code().has_value());
    supervisor.child_ended(command, W_EXITCODE(42, 0));
    EXPECT_EQ(supervisor.exit_code(), 42);
    supervisor.child_ended(200, W_EXITCODE(4, 0));
    EXPECT_EQ(supervisor.exit_code(), 42);
}

TEST(Supervisor, ExitCodesThatCountAsSuccess) {
    SupervisorPolicy policy;
    policy.successes.set(143).set(3);
    const auto code_after = [&](int status) {
        Supervisor supervisor = with(policy);
        supervisor.child_ended(command, status);
        return supervisor.exit_code();
    };
    EXPECT_EQ(code_after(W_EXITCODE(3, 0)), 0);
    EXPECT_EQ(code_after(W_EXITCODE(0, SIGTERM)), 0);
    EXPECT_EQ(code_after(W_EXITCODE(4, 0)), 4);
    EXPECT_EQ(code_after(W_EXITCODE(0, SIGKILL)), 128 + SIGKILL);
}

TEST(Supervisor, RestOfTheGroupIsTerminatedIfWanted) {
    EXPECT_EQ(with().farewell_signal(), 0);
    SupervisorPolicy policy{.terminates_rest = true};
    EXPECT_EQ(with(policy).farewell_signal(), SIGTERM);
    policy.rewrites.set(SIGTERM, SIGINT);
    EXPECT_EQ(with(policy).farewell_signal(), SIGINT);
}

TEST(Supervisor, ExitCodeIsThatOfShells) {
    for (int code = 0; code < 256; ++code) EXPECT_EQ(exit_code_from(W_EXITCODE(code, 0)), code);
    for (const int signal : {SIGHUP, SIGKILL, SIGSEGV, SIGTERM}) {
        EXPECT_EQ(exit_code_from(signal), 128 + signal);
        EXPECT_EQ(exit_code_from(signal | WCOREFLAG), 128 + signal);
    }
}

}  // namespace
}  // namespace init
