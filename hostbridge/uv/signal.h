// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "hostbridge/uv/handle.h"

namespace hostbridge::uv {

/// Calls back for a signal of this process (SIGINT, SIGTERM, SIGHUP: what libuv knows on both systems). It does not
/// keep the loop alive.
class Signal {
  public:
    static proto::Result<std::unique_ptr<Signal>> make(uv_loop_t* loop, int number, std::function<void()> callback);

  private:
    struct State {
        std::function<void()> callback;
    };

    explicit Signal(Handle<uv_signal_t, State> handle) : handle_(std::move(handle)) {}

    Handle<uv_signal_t, State> handle_;
};

}  // namespace hostbridge::uv
