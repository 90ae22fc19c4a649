// SPDX-License-Identifier: MIT
#include "hostbridge/uv/loop.h"

#include "proto/base/check.h"

namespace hostbridge::uv {

Loop::Loop() { CHECK(uv_loop_init(&loop_) == 0); }

Loop::~Loop() {
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
}

void Loop::run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void Loop::stop() { uv_stop(&loop_); }

}  // namespace hostbridge::uv
