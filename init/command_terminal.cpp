// SPDX-License-Identifier: MIT
#include "init/command_terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "interop/os/foreground.h"

namespace init {

CommandTerminal CommandTerminal::find() noexcept {
    CommandTerminal terminal;
    terminal.descriptor_ = interop::find_controlling_terminal();
    return terminal;
}

int CommandTerminal::lend() noexcept {
    if (!exists() || !interop::is_in_foreground(descriptor_)) return -1;
    previous_group_ = ::tcgetpgrp(descriptor_);
    return descriptor_;
}

bool CommandTerminal::has_shell() const noexcept { return exists() && ::getsid(0) != ::getpid(); }

bool CommandTerminal::give_to(pid_t group) noexcept {
    return lend() >= 0 && interop::give_foreground(descriptor_, group);
}

void CommandTerminal::give_back() noexcept {
    // A group outside our namespace has no number here; its shell takes the terminal back by itself.
    if (previous_group_ > 0) interop::give_foreground(descriptor_, previous_group_);
    previous_group_ = 0;
}

bool CommandTerminal::detach_session() noexcept {
    return ::ioctl(STDIN_FILENO, TIOCNOTTY) == 0 && ::getsid(0) == ::getpid();
}

}  // namespace init
