// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

namespace hostbridge {

/// A process as /proc showed it.
struct TreeProcess {
    pid_t id;
    pid_t group;
    char state;  ///< proc(5): 'T' is stopped, 'Z' a zombie.
};

/// Writes the descendants of this process to `found`, parents first, as many as have room, and returns their number. What
/// is started meanwhile may be missing. Async-signal-safe.
std::size_t list_descendants(std::span<TreeProcess> found) noexcept;

/// Kills the process group `group` and every descendant of this process, generation by generation, until it has no
/// child any more. This process must be a child subreaper with one thread. Async-signal-safe.
void kill_all_descendants(pid_t group) noexcept;

}  // namespace hostbridge
