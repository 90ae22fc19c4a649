// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <optional>

#include "init/machine/machine_settings.h"

namespace init {

/// One service: whether it runs, and when it is started again. Pure: the caller has the clock and the processes.
class ServiceRun {
  public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr std::size_t most_starts = 10;  ///< In any `start_window`; then it is given up.
    static constexpr std::chrono::seconds start_window{30};
    static constexpr std::chrono::milliseconds restart_pause{100};  ///< Between its end and the next start.
    static constexpr std::chrono::seconds failed_start_pause{5};    ///< Where no process was to be had.

    /// What becomes of a service that does not run.
    enum class Next {
        stays_down,  ///< As its policy says.
        starts_again,
        given_up,  ///< It would be started again, but for having been so too often.
    };

    /// Is to be started at `now`.
    ServiceRun(Restart policy, Time now) noexcept : policy_(policy), next_start_(now) {}

    /// When it is to be started; nothing while it runs or stays down.
    [[nodiscard]] std::optional<Time> next_start() const noexcept { return next_start_; }

    /// Of the process that runs; 0: none.
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    void started(pid_t pid, Time now) noexcept;

    /// No process was to be had: that is not its fault, so it will be tried again, whatever the policy, and does not count.
    void start_failed(Time now) noexcept;

    /// Its process has ended with `wait_status`, that of wait(2).
    Next ended(int wait_status, Time now) noexcept;

    /// Is not started any more.
    void retire() noexcept { next_start_.reset(); }

  private:
    void count_start(Time now) noexcept;
    Next try_again(Time now) noexcept;

    Restart policy_;
    std::optional<Time> next_start_;
    pid_t pid_ = 0;
    std::array<Time, most_starts> starts_{};  // a ring of the last ones
    std::size_t oldest_ = 0;
    std::size_t count_ = 0;
};

}  // namespace init
