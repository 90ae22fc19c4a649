// SPDX-License-Identifier: MIT
#include "hostbridge/uv/timer.h"

namespace hostbridge::uv {

Timer::Timer(uv_loop_t* loop, std::function<void()> callback) {
    auto handle =
        Handle<uv_timer_t, State>::make([&](uv_timer_t* raw) { return uv_timer_init(loop, raw); }, "make a timer");
    handle_ = std::move(handle).value();  // uv_timer_init cannot fail
    handle_.state().callback = std::move(callback);
}

void Timer::start(std::chrono::milliseconds after, std::chrono::milliseconds repeat) {
    const auto fire = [](uv_timer_t* raw) {
        if (auto* state = Handle<uv_timer_t, State>::state_of(raw)) state->callback();
    };
    // libuv counts from the start of this turn of the loop; a long turn would shorten the time.
    uv_update_time(handle_.raw()->loop);
    uv_timer_start(handle_.raw(), fire, static_cast<std::uint64_t>(after.count()),
                   static_cast<std::uint64_t>(repeat.count()));
}

void Timer::stop() { uv_timer_stop(handle_.raw()); }

bool Timer::active() const { return uv_is_active(reinterpret_cast<const uv_handle_t*>(handle_.raw())) != 0; }

}  // namespace hostbridge::uv
