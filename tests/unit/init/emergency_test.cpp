// SPDX-License-Identifier: MIT
#include "init/emergency.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>

#include "interop/os/signals.h"
#include "proto/base/check.h"

namespace init {
namespace {

void leave(int exit_code) noexcept { ::_exit(exit_code); }

/// Plays init in a process of its own: starts a command that ends with 42 when it gets SIGTERM, has `bug` happen,
/// and gets SIGTERM itself. Returns how that process ended.
int status_after(const std::function<void()>& bug) {
    const pid_t init = ::fork();
    if (init != 0) {
        int status = 0;
        EXPECT_EQ(::waitpid(init, &status, 0), init);
        return status;
    }
    ::alarm(60);
    const int quiet = ::open("/dev/null", O_WRONLY);
    ::dup2(quiet, STDERR_FILENO);
    interop::block_signals();
    const pid_t init_pid = ::getpid();
    const pid_t command = ::fork();
    if (command == 0) {
        // What init does not end must not outlive the test, not even if init was faster.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != init_pid) ::_exit(1);
        sigset_t terminate;
        ::sigemptyset(&terminate);
        ::sigaddset(&terminate, SIGTERM);
        ::sigwaitinfo(&terminate, nullptr);
        ::_exit(42);
    }
    arm_emergency(command, leave);
    ::kill(::getpid(), SIGTERM);
    bug();
    ::_exit(1);
}

TEST(Emergency, FailedCheckLeavesCommandAliveAndItsStatusCounts) {
    const int status = status_after([] { CHECK(false); });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(Emergency, UncaughtExceptionDoesNotEndInit) {
    EXPECT_EQ(WEXITSTATUS(status_after([] { std::terminate(); })), 42);
}

TEST(Emergency, AbortDoesNotEndInit) {
    EXPECT_EQ(WEXITSTATUS(status_after([] { std::abort(); })), 42);
}

TEST(Emergency, FaultDoesNotEndInit) {
    EXPECT_EQ(WEXITSTATUS(status_after([] {
                  // No null pointer: sanitizers would see it before the processor does.
                  void* page = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  *static_cast<volatile char*>(page) = 1;
              })),
              42);
}

TEST(Emergency, FaultSignalFromSomebodyElseIsNoEmergency) {
    const int status = status_after([] {
        ::kill(::getpid(), SIGSEGV);
        ::_exit(7);
    });
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace init
