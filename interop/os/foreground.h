// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

namespace interop {

/// The first of descriptors 0 to 2 that is our controlling terminal; -1 if none is.
int find_controlling_terminal() noexcept;

/// Whether `terminal` is our controlling terminal and our process group is in its foreground. SIGTTIN must be blocked
/// or ignored.
bool is_in_foreground(int terminal) noexcept;

/// Puts `group` into the foreground of `terminal`. SIGTTOU must be blocked or ignored. Async-signal-safe.
bool give_foreground(int terminal, pid_t group) noexcept;

}  // namespace interop
