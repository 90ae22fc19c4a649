// SPDX-License-Identifier: MIT
#include "init/host_search_path.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "init/messages.h"
#include "interop/os/unique_fd.h"
#include "interop/session/guest_paths.h"
#include "interop/session/host_info.h"
#include "interop/text/printable.h"
#include "proto/base/result.h"

namespace init {
namespace {

using interop::UniqueFd;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{1};

// What the asking process writes: which of the two, and the rest of it is the text.
constexpr char directories_follow = 'P';
constexpr char reason_follows = 'E';

std::string ask(const interop::Configuration& configuration) {
    const auto host = interop::ask_host(configuration);
    if (!host) return reason_follows + host.error().message();
    return directories_follow + interop::guest_search_path(interop::guest_path_map(configuration), host->info);
}

[[noreturn]] void answer(const interop::Configuration& configuration, int output) {
    const std::string text = ask(configuration);
    std::string_view left = text;
    while (!left.empty()) {
        const ssize_t count = ::write(output, left.data(), left.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        left.remove_prefix(static_cast<std::size_t>(count));
    }
    ::_exit(0);
}

/// All that comes before the other end is closed.
proto::Result<std::string> read_until(int input, Clock::time_point deadline) {
    std::string text;
    char piece[4096];
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return proto::stated_error("the agent has not answered within a second");
        pollfd waiting{.fd = input, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, static_cast<int>(left)) <= 0) continue;
        const ssize_t count = ::read(input, piece, sizeof piece);
        if (count == 0) return text;
        if (count < 0 && errno != EINTR) return proto::errno_error(errno, "read the agent's answer");
        if (count > 0) text.append(piece, static_cast<std::size_t>(count));
    }
}

/// The agent's offer, colon-separated. Dialing has deadlines of its own for every endpoint, which may be more than we
/// have: so that is for a process that can be killed. It also leaves no memory behind in this one.
proto::Result<std::string> ask_within_patience(const interop::Configuration& configuration) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, "make a pipe");
    const UniqueFd input(ends[0]);
    UniqueFd output(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return proto::errno_error(errno, "start a process");
    if (child == 0) answer(configuration, output.get());
    output.reset();
    auto text = read_until(input.get(), Clock::now() + patience);
    ::kill(child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!text) return text.error();
    const char kind = text->empty() ? '\0' : text->front();
    text->erase(0, 1);
    if (kind == directories_follow) return std::move(*text);
    return proto::stated_error(kind == reason_follows ? *text : "the process that asked has died");
}

}  // namespace

void append_host_search_path() {
    const auto configuration = interop::load_configuration();
    // What is wrong with it is said where it matters: a launch, or the init of a machine.
    if (!configuration || !configuration->append_windows_path) return;
    const auto directories = ask_within_patience(*configuration);
    if (!directories) {
        warn_user(interop::printable_line("the host's PATH is not appended to ours: " + directories.error().message()));
        return;
    }
    if (directories->empty()) return;
    const char* path = std::getenv("PATH");
    const std::string before = path == nullptr || *path == '\0' ? "" : std::string(path) + ":";
    ::setenv("PATH", (before + *directories).c_str(), 1);
}

}  // namespace init
