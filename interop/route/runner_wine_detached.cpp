// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_detached.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>

#include "interop/os/detached_process.h"
#include "interop/os/unique_fd.h"
#include "interop/route/runner_wine_addresses.h"

namespace interop {
namespace {

// Until the process ends or `deadline` is there; false then. It is not reaped.
bool ends_before(pid_t child, WineClock::time_point deadline) {
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    while (true) {
        siginfo_t ended{};
        if (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT | WNOHANG) < 0 || ended.si_pid != 0)
            return true;
        const int left = milliseconds_until(deadline);
        if (left == 0) return false;
        // Kernels before 5.3 have no descriptor for it, and are asked from time to time.
        constexpr int without_descriptor = 20;
        pollfd waiting{process.get(), POLLIN, 0};
        static_cast<void>(::poll(&waiting, process ? 1 : 0, process ? left : std::min(left, without_descriptor)));
    }
}

}  // namespace

int milliseconds_until(WineClock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - WineClock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

proto::Result<int> run_wine_detached(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                                     WineClock::time_point deadline) {
    const WineAddresses addresses;
    const auto child = spawn_detached(words, environment);
    if (!child) return child.error();
    const bool ended = ends_before(*child, deadline);
    // Its group: a starter may be a script.
    if (!ended) ::kill(-*child, SIGKILL);
    int status = 0;
    while (::waitpid(*child, &status, 0) < 0) {
        if (errno != EINTR) return proto::errno_error(errno, "wait for " + words.front());
    }
    if (!ended) return proto::stated_error("Wine does not start: " + words.front() + " did not end");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace interop
