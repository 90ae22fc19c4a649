// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>

#include "hostbridge/uv/handle.h"

namespace hostbridge::uv {

/// Calls back after a time; the callback may restart or destroy it.
class Timer {
  public:
    Timer(uv_loop_t* loop, std::function<void()> callback);

    /// Restarts it; with a `repeat` it goes on calling at that interval.
    void start(std::chrono::milliseconds after, std::chrono::milliseconds repeat = std::chrono::milliseconds(0));
    void stop();
    [[nodiscard]] bool active() const;

  private:
    struct State {
        std::function<void()> callback;
    };

    Handle<uv_timer_t, State> handle_;
};

}  // namespace hostbridge::uv
