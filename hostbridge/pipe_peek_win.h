// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "hostbridge/loop_call_win.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/uv/timer.h"

namespace hostbridge {

/// Asks once how much an inbound pipe holds, writes under way included. On a thread of its own and with a time
/// limit: PeekNamedPipe blocks while another process is blocked in a read of the same pipe. Destroying it forgets
/// the question.
class PipePeek {
  public:
    /// Takes over `read_end`. `done` is called once on the loop; with 0 also when the time is over, because then
    /// somebody waits for data, so there is none. It may destroy the PipePeek.
    static proto::Result<std::unique_ptr<PipePeek>> start(uv_loop_t* loop, UniqueHandle read_end,
                                                          std::function<void(std::uint64_t bytes)> done);

  private:
    PipePeek() = default;

    std::unique_ptr<LoopCall> call_;
    std::unique_ptr<uv::Timer> limit_;
};

}  // namespace hostbridge
