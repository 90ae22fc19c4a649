// SPDX-License-Identifier: MIT
#include "init/command_terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "interop/os/foreground.h"

namespace init {

CommandTerminal CommandTerminal::find() noexcept {
    CommandTerminal terminal;
    terminal.descriptor_ = interop::find_foreground_terminal();
    if (terminal.descriptor_ >= 0) terminal.previous_group_ = ::tcgetpgrp(terminal.descriptor_);
    return terminal;
}

bool CommandTerminal::has_shell() const noexcept { return descriptor_ >= 0 && ::getsid(0) != ::getpid(); }

void CommandTerminal::give_to(pid_t group) const noexcept {
    if (descriptor_ >= 0 && interop::is_in_foreground(descriptor_)) interop::give_foreground(descriptor_, group);
}

void CommandTerminal::give_back() const noexcept {
    // A group outside our namespace has no number here; its shell takes the terminal back by itself.
    if (descriptor_ >= 0 && previous_group_ > 0) interop::give_foreground(descriptor_, previous_group_);
}

bool CommandTerminal::detach_session() noexcept {
    return ::ioctl(STDIN_FILENO, TIOCNOTTY) == 0 && ::getsid(0) == ::getpid();
}

}  // namespace init
