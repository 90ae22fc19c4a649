// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "hostbridge/uv/handle.h"

namespace hostbridge::uv {

/// Wakes the loop from another thread. Several sends may arrive as one callback.
class Async {
  public:
    static proto::Result<std::unique_ptr<Async>> make(uv_loop_t* loop, std::function<void()> callback);

    /// From any thread, as long as the Async lives.
    void send();

    /// Whether the loop stays alive for its sake; it does at first.
    void keep_loop_alive(bool alive);

  private:
    struct State {
        std::function<void()> callback;
    };

    explicit Async(Handle<uv_async_t, State> handle) : handle_(std::move(handle)) {}

    Handle<uv_async_t, State> handle_;
};

}  // namespace hostbridge::uv
