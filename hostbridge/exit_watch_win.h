// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "hostbridge/loop_call_win.h"
#include "hostbridge/unique_handle_win.h"

namespace hostbridge {

/// Tells the loop, once, that a process has ended. Costs no thread of its own.
class ExitWatch {
  public:
    /// `process` is borrowed and must outlive the watch. `ended` gets the full exit code and may destroy the watch.
    static proto::Result<std::unique_ptr<ExitWatch>> start(uv_loop_t* loop, HANDLE process,
                                                           std::function<void(std::uint32_t code)> ended);
    ~ExitWatch();
    ExitWatch(const ExitWatch&) = delete;
    ExitWatch& operator=(const ExitWatch&) = delete;

  private:
    ExitWatch() = default;

    std::unique_ptr<LoopCall> call_;
    std::shared_ptr<LoopCall::Trigger> trigger_;
    HANDLE wait_ = nullptr;
};

}  // namespace hostbridge
