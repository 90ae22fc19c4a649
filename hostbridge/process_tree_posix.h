// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

namespace hostbridge {

/// Kills the process group `group` and every descendant of this process, generation by generation, until it has no
/// child any more. This process must be a child subreaper with one thread. Async-signal-safe.
void kill_all_descendants(pid_t group) noexcept;

}  // namespace hostbridge
