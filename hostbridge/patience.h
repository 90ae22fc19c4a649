// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <thread>

#include "proto/base/result.h"

namespace hostbridge {

/// How long to wait before each next attempt at what others keep from being done for a moment: about a second in all, which is
/// what installers give virus scanners.
inline constexpr std::array<std::chrono::milliseconds, 7> patience{
    std::chrono::milliseconds(10),  std::chrono::milliseconds(20),  std::chrono::milliseconds(40),
    std::chrono::milliseconds(80),  std::chrono::milliseconds(160), std::chrono::milliseconds(320),
    std::chrono::milliseconds(640),
};

/// Does `attempt`, which returns a proto::Result, until it succeeds or fails for another reason than `is_temporary` says, or all of `patience` has passed.
/// `wait` is called with each of that. For the work queue.
template <typename Attempt, typename IsTemporary, typename Wait>
auto attempt_patiently(Attempt attempt, IsTemporary is_temporary, Wait wait) {
    for (const auto pause : patience) {
        auto outcome = attempt();
        if (outcome || !is_temporary(outcome.error())) return outcome;
        wait(pause);
    }
    return attempt();
}

}  // namespace hostbridge
