// SPDX-License-Identifier: MIT
#include "interop/session/terminal_choice.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>

#include "interop/os/foreground.h"
#include "proto/wire/terminal_rules.h"

namespace interop {
namespace {

/// Asking must not stop us, where the answer is no.
bool is_reader_in_foreground() {
    sigset_t stop;
    sigset_t old;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGTTIN);
    ::sigprocmask(SIG_BLOCK, &stop, &old);
    const bool answer = is_in_foreground(STDIN_FILENO);
    ::sigprocmask(SIG_SETMASK, &old, nullptr);
    return answer;
}

}  // namespace

std::uint32_t choose_terminal_streams(PtyMode mode, const StreamTerminals& terminals) {
    const auto& [input, output, error] = terminals.device;
    const bool is_one_terminal = input && input == output;
    const bool is_wanted =
        mode == PtyMode::always || (mode == PtyMode::automatic && is_one_terminal && terminals.in_foreground);
    if (!is_wanted) return 0;
    return error && error == output ? proto::terminal_all : proto::terminal_input_output;
}

StreamTerminals observe_stream_terminals() {
    StreamTerminals terminals;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        // What the file is called does not count: /dev/tty and the terminal's own name are the same terminal.
        unsigned device = 0;
        if (::ioctl(fd, TIOCGDEV, &device) == 0) terminals.device[static_cast<std::size_t>(fd)] = device;
    }
    if (terminals.device[STDIN_FILENO]) terminals.in_foreground = is_reader_in_foreground();
    return terminals;
}

}  // namespace interop
