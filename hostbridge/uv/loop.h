// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

namespace hostbridge::uv {

/// An event loop. Everything on it must have been destroyed before the Loop is; the destructor lets libuv finish
/// closing.
class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs until nothing is left to wait for, or stop() was called.
    void run();
    void stop();

    /// The raw loop, borrowed.
    [[nodiscard]] uv_loop_t* get() { return &loop_; }

  private:
    uv_loop_t loop_{};
};

}  // namespace hostbridge::uv
