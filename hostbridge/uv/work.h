// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>

namespace hostbridge::uv {

/// Runs `work` on libuv's thread pool, then `done` on the loop. Neither may refer to anything that can be gone by
/// then: nothing cancels them.
void queue_work(uv_loop_t* loop, std::function<void()> work, std::function<void()> done);

}  // namespace hostbridge::uv
