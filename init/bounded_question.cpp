// SPDX-License-Identifier: MIT
#include "init/bounded_question.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include "interop/os/unique_fd.h"

namespace init {
namespace {

using interop::UniqueFd;
using Clock = std::chrono::steady_clock;

// What the asking process writes: which of the two, and the rest of it is the text.
constexpr char answer_follows = 'A';
constexpr char reason_follows = 'E';

[[noreturn]] void answer(const std::function<proto::Result<std::string>()>& ask, int output) {
    const auto result = ask();
    const std::string text = result ? answer_follows + *result : reason_follows + result.error().message();
    std::string_view left = text;
    while (!left.empty()) {
        const ssize_t count = ::write(output, left.data(), left.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) ::_exit(1);
        left.remove_prefix(static_cast<std::size_t>(count));
    }
    ::_exit(0);
}

/// All that comes before the other end is closed.
proto::Result<std::string> read_within(std::chrono::milliseconds patience, int input) {
    const auto deadline = Clock::now() + patience;
    std::string text;
    char piece[4096];
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) {
            return proto::stated_error("the agent has not answered within " + std::to_string(patience.count()) + " ms");
        }
        pollfd waiting{.fd = input, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, static_cast<int>(left)) <= 0) continue;
        const ssize_t count = ::read(input, piece, sizeof piece);
        if (count == 0) return text;
        if (count < 0 && errno != EINTR) return proto::errno_error(errno, "read the agent's answer");
        if (count > 0) text.append(piece, static_cast<std::size_t>(count));
    }
}

}  // namespace

proto::Result<std::string> ask_within(std::chrono::milliseconds patience,
                                      const std::function<proto::Result<std::string>()>& ask) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, "make a pipe");
    const UniqueFd input(ends[0]);
    UniqueFd output(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return proto::errno_error(errno, "start a process");
    if (child == 0) answer(ask, output.get());
    output.reset();
    auto text = read_within(patience, input.get());
    // If all of it has come the process is ending by itself, with a status that says whether that was all.
    ::kill(child, SIGKILL);
    int status = 0;
    pid_t ended = -1;
    do ended = ::waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (!text) return text.error();
    if (ended != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) text->clear();
    const char kind = text->empty() ? '\0' : text->front();
    text->erase(0, 1);
    if (kind == answer_follows) return std::move(*text);
    return proto::stated_error(kind == reason_follows ? *text : "the process that asked has died");
}

}  // namespace init
