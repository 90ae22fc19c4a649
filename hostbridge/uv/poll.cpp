// SPDX-License-Identifier: MIT
#include "hostbridge/uv/poll.h"

namespace hostbridge::uv {

proto::Result<std::unique_ptr<Poll>> Poll::make(uv_loop_t* loop, int fd, OnEvents on_events) {
    auto handle = Handle<uv_poll_t, State>::make([&](uv_poll_t* raw) { return uv_poll_init(loop, raw, fd); },
                                                 "watch a descriptor");
    if (!handle) return handle.error();
    handle->state().on_events = std::move(on_events);
    return std::unique_ptr<Poll>(new Poll(std::move(*handle)));
}

void Poll::watch(int events) {
    if (events == watched_) return;
    watched_ = events;
    if (events == 0) {
        uv_poll_stop(handle_.raw());
        return;
    }
    uv_poll_start(handle_.raw(), events, [](uv_poll_t* raw, int status, int happened) {
        auto* state = Handle<uv_poll_t, State>::state_of(raw);
        if (state == nullptr) return;
        if (status < 0) {
            state->on_events(error(status, "watch a descriptor"));
        } else {
            state->on_events(happened);
        }
    });
}

}  // namespace hostbridge::uv
