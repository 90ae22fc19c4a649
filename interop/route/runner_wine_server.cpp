// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>

#include "interop/os/detached_process.h"
#include "interop/os/unique_fd.h"
#include "interop/route/runner_wine.h"
#include "interop/route/runner_wine_addresses.h"

namespace interop {
namespace {

// Debian's wineserver makes a directory with a random name and leaves the name in the prefix.
std::string debian_server_directory(const std::string& prefix, const VariableLookup& lookup) {
    const UniqueFd file(::open((prefix + "/wineserver").c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return {};
    std::array<char, 64> name{};
    const ssize_t size = ::read(file.get(), name.data(), name.size());
    if (size <= 0) return {};
    std::string_view text(name.data(), static_cast<std::size_t>(size));
    text = text.substr(0, text.find_first_of(std::string_view("\0\n", 2)));
    return lookup("TMPDIR").value_or("/tmp") + "/" + std::string(text);
}

// The server holds a lock on the whole of this file for as long as it runs (server/request.c).
bool lock_is_held(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!file) return false;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    return ::fcntl(file.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

using Clock = std::chrono::steady_clock;

// A new prefix takes seconds, on a slow machine dozens of them. What takes longer than this waits for something that
// does not come, such as a display.
constexpr std::chrono::seconds start_time_limit{100};

// Until the process ends or `deadline` is there; false then. It is not reaped.
bool ends_before(pid_t child, Clock::time_point deadline) {
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    while (true) {
        siginfo_t ended{};
        if (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT | WNOHANG) < 0 || ended.si_pid != 0)
            return true;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return false;
        // Kernels before 5.3 have no descriptor for it, and are asked from time to time.
        constexpr std::int64_t without_descriptor = 20;
        pollfd waiting{process.get(), POLLIN, 0};
        static_cast<void>(::poll(&waiting, process ? 1 : 0,
                                 static_cast<int>(process ? left : std::min<std::int64_t>(left, without_descriptor))));
    }
}

// Runs a program in a session of its own on /dev/null and returns its exit status.
proto::Result<int> run_detached(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                                Clock::time_point deadline) {
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

// The server that belongs to this starter: beside it if it was given with a directory.
std::string server_of(const std::string& wine) {
    const auto slash = wine.rfind('/');
    if (slash == std::string::npos) return "wineserver";
    std::string beside = wine.substr(0, slash + 1) + "wineserver";
    return ::access(beside.c_str(), X_OK) == 0 ? beside : "wineserver";
}

std::optional<std::string> variable_of(const std::vector<std::string>& environment, std::string_view name) {
    for (const std::string& variable : environment) {
        if (variable.size() > name.size() && variable[name.size()] == '=' && variable.starts_with(name)) {
            return variable.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

}  // namespace

bool wine_server_runs(const std::string& prefix, const VariableLookup& lookup) {
    struct stat status {};
    if (prefix.empty() || ::stat(prefix.c_str(), &status) < 0) return false;
    std::array<char, 64> name{};
    std::snprintf(name.data(), name.size(), "/server-%llx-%llx/lock", static_cast<unsigned long long>(status.st_dev),
                  static_cast<unsigned long long>(status.st_ino));
    const std::string debian = debian_server_directory(prefix, lookup);
    if (!debian.empty() && lock_is_held(debian + name.data())) return true;
    return lock_is_held("/tmp/.wine-" + std::to_string(::geteuid()) + name.data());
}

proto::Result<void> start_wine_server(const std::string& wine, const std::vector<std::string>& environment) {
    // Without its directory the server refuses to start; then the first program would start one that ends with it, and
    // some later program, in the middle of a session, the next. Wine fills an empty prefix.
    const std::string prefix = wine_prefix([&](std::string_view name) { return variable_of(environment, name); });
    if (::mkdir(prefix.c_str(), 0777) < 0 && errno != EEXIST)
        return proto::errno_error(errno, "make Wine's prefix " + prefix);
    const auto deadline = Clock::now() + start_time_limit;
    // It goes into the background by itself, and says so by ending. A server that runs already is no error for us.
    auto server = run_detached({server_of(wine), "-p"}, environment, deadline);
    if (!server) return server.error();
    // The first program of a prefix starts its services and waits for them.
    auto first = run_detached({wine, "cmd.exe", "/c", "exit", "0"}, environment, deadline);
    if (!first) return first.error();
    if (*first != 0)
        return proto::stated_error("Wine does not start: its first program ended with " + std::to_string(*first));
    return {};
}

}  // namespace interop
