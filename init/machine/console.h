// SPDX-License-Identifier: MIT
#pragma once

#include "interop/os/unique_fd.h"

namespace init {

/// Puts the console on descriptors 0 to 2, for our own messages: not in the way of anybody, since a write to a console
/// that has been stopped (Ctrl-S) fails instead of waiting. Without a console they are what they were, and the
/// messages go to the kernel's log if that can be opened.
void take_console() noexcept;

/// The console as programs that we start get it, which do wait. /dev/null where there is none; an empty object only
/// where that is missing too.
interop::UniqueFd open_console();

/// The terminal behind /dev/console, which, unlike that name, can be the controlling terminal of a session, with its
/// modes as a login wants them. An empty object if the console is no terminal.
interop::UniqueFd open_console_terminal();

/// What TERM should say on that terminal: the kernel says "linux" on every console, but only its own are that.
const char* terminal_type(int console_terminal, const char* current) noexcept;

}  // namespace init
