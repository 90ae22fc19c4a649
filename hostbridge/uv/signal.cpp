// SPDX-License-Identifier: MIT
#include "hostbridge/uv/signal.h"

namespace hostbridge::uv {

proto::Result<std::unique_ptr<Signal>> Signal::make(uv_loop_t* loop, int number, std::function<void()> callback) {
    auto handle = Handle<uv_signal_t, State>::make([&](uv_signal_t* raw) { return uv_signal_init(loop, raw); },
                                                   "wait for signals");
    if (!handle) return handle.error();
    handle->state().callback = std::move(callback);
    const int result = uv_signal_start(
        handle->raw(),
        [](uv_signal_t* raw, int) {
            if (auto* state = Handle<uv_signal_t, State>::state_of(raw)) state->callback();
        },
        number);
    if (result < 0) return error(result, "wait for signal " + std::to_string(number));
    uv_unref(reinterpret_cast<uv_handle_t*>(handle->raw()));
    return std::unique_ptr<Signal>(new Signal(std::move(*handle)));
}

}  // namespace hostbridge::uv
