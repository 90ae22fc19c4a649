// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "proto/base/result.h"

namespace interop {

using WineClock = std::chrono::steady_clock;

/// A new prefix takes seconds, on a slow machine dozens of them. What takes longer than this waits for something that
/// does not come, such as a display.
constexpr std::chrono::seconds wine_start_limit{100};

/// Runs one of Wine's own programs in a session of its own on /dev/null and returns its exit status, 128+n if a signal
/// ended it. One that runs at `deadline` is killed; that is an Error, like one that cannot be started.
proto::Result<int> run_wine_detached(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                                     WineClock::time_point deadline);

/// Until `deadline`, rounded up: 0 if it is over.
int milliseconds_until(WineClock::time_point deadline);

}  // namespace interop
