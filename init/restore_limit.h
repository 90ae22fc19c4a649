// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace init {

/// How often a lost rule is put back: two that each restore what the other removes must not keep a machine busy.
/// Pure: the caller has the clock and the timer.
class RestoreLimit {
  public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr std::size_t most = 5;  ///< Restorations in any `span`.
    static constexpr std::chrono::seconds span{60};

    enum class Verdict {
        restore,        ///< Do it now; it has been counted.
        start_waiting,  ///< Too many: look again at next_chance(), and say so.
        go_on_waiting,  ///< The same, and it has been said.
    };

    /// A rule is lost at `now`.
    Verdict rule_lost(Time now) noexcept;

    /// When the next restoration is allowed.
    [[nodiscard]] Time next_chance() const noexcept { return restored_[oldest_] + span; }

  private:
    std::array<Time, most> restored_{};  // a ring
    std::size_t oldest_ = 0;
    std::size_t count_ = 0;
    bool is_waiting_ = false;
};

}  // namespace init
