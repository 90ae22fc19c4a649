// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <mutex>

#include "hostbridge/uv/async.h"

namespace hostbridge {

/// A callback on the loop that another thread asks for, at a time when its owner may be gone already.
class LoopCall {
  public:
    /// The other thread's side.
    class Trigger {
      public:
        /// From any thread, at any time; after the LoopCall was destroyed it does nothing.
        void fire();

      private:
        friend class LoopCall;
        std::mutex mutex_;
        uv::Async* async_ = nullptr;
    };

    /// `callback` may destroy the LoopCall; afterwards it is not called any more.
    static proto::Result<std::unique_ptr<LoopCall>> make(uv_loop_t* loop, std::function<void()> callback);
    ~LoopCall();

    /// Shared, because the other thread may outlive the LoopCall.
    [[nodiscard]] std::shared_ptr<Trigger> trigger() const { return trigger_; }

  private:
    LoopCall() = default;

    std::unique_ptr<uv::Async> async_;
    std::shared_ptr<Trigger> trigger_;
};

}  // namespace hostbridge
