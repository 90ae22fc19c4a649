// SPDX-License-Identifier: MIT
#include "init/supervisor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

namespace init {
namespace {

constexpr pid_t command = 7;
constexpr pid_t self = 1;
using Step = Supervisor::Step;

TEST(Supervisor, ForwardsEverySignalThatCanBeCaught) {
    const Supervisor supervisor(command, self);
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGTTIN,
                             SIGTTOU, SIGWINCH, SIGABRT, SIGPIPE, SIGRTMIN, SIGRTMAX}) {
        EXPECT_EQ(supervisor.signal_arrived(signal, 0), Step::forward) << signal;
        EXPECT_EQ(supervisor.signal_arrived(signal, 99), Step::forward) << signal;
    }
    EXPECT_EQ(supervisor.forward_target(), command);
}

TEST(Supervisor, KeepsFaultSignalsFromTheCommand) {
    const Supervisor supervisor(command, self);
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS}) {
        EXPECT_EQ(supervisor.signal_arrived(signal, 0), Step::none) << signal;
    }
}

TEST(Supervisor, OwnBrokenPipeIsNotForwarded) {
    EXPECT_EQ(Supervisor(command, self).signal_arrived(SIGPIPE, self), Step::none);
}

TEST(Supervisor, ChildSignalMeansReaping) {
    const Supervisor supervisor(command, self);
    EXPECT_EQ(supervisor.signal_arrived(SIGCHLD, 99), Step::reap);
    EXPECT_EQ(supervisor.signal_arrived(SIGCHLD, self), Step::reap);
}

TEST(Supervisor, OrphansDoNotEndIt) {
    Supervisor supervisor(command, self);
    for (pid_t orphan = 100; orphan < 200; ++orphan) supervisor.child_ended(orphan, W_EXITCODE(3, 0));
    EXPECT_FALSE(supervisor.exit_code().has_value());
    supervisor.child_ended(command, W_EXITCODE(42, 0));
    EXPECT_EQ(supervisor.exit_code(), 42);
    supervisor.child_ended(200, W_EXITCODE(4, 0));
    EXPECT_EQ(supervisor.exit_code(), 42);
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
