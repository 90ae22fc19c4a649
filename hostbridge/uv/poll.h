// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "hostbridge/uv/handle.h"

namespace hostbridge::uv {

/// Waits for readiness of a socket or pipe that somebody else reads and writes. The descriptor is borrowed, and must
/// not be closed before the Poll was destroyed; libuv sets O_NONBLOCK on it.
class Poll {
  public:
    /// UV_READABLE, UV_WRITABLE, UV_DISCONNECT: the events that happened, or why there will be none.
    using OnEvents = std::function<void(proto::Result<int> events)>;

    static proto::Result<std::unique_ptr<Poll>> make(uv_loop_t* loop, int fd, OnEvents on_events);

    /// Sets what to wait for; 0 waits for nothing.
    void watch(int events);

  private:
    struct State {
        OnEvents on_events;
    };

    explicit Poll(Handle<uv_poll_t, State> handle) : handle_(std::move(handle)) {}

    Handle<uv_poll_t, State> handle_;
    int watched_ = 0;
};

}  // namespace hostbridge::uv
