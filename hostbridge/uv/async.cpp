// SPDX-License-Identifier: MIT
#include "hostbridge/uv/async.h"

namespace hostbridge::uv {

proto::Result<std::unique_ptr<Async>> Async::make(uv_loop_t* loop, std::function<void()> callback) {
    const auto wake = [](uv_async_t* raw) {
        if (auto* state = Handle<uv_async_t, State>::state_of(raw)) state->callback();
    };
    auto handle = Handle<uv_async_t, State>::make([&](uv_async_t* raw) { return uv_async_init(loop, raw, wake); },
                                                  "make a wake-up");
    if (!handle) return handle.error();
    handle->state().callback = std::move(callback);
    return std::unique_ptr<Async>(new Async(std::move(*handle)));
}

void Async::send() { uv_async_send(handle_.raw()); }

void Async::keep_loop_alive(bool alive) {
    auto* raw = reinterpret_cast<uv_handle_t*>(handle_.raw());
    if (alive) {
        uv_ref(raw);
    } else {
        uv_unref(raw);
    }
}

}  // namespace hostbridge::uv
