// SPDX-License-Identifier: MIT
#include "hostbridge/loop_call_win.h"

namespace hostbridge {

void LoopCall::Trigger::fire() {
    const std::lock_guard lock(mutex_);
    if (async_ != nullptr) async_->send();
}

proto::Result<std::unique_ptr<LoopCall>> LoopCall::make(uv_loop_t* loop, std::function<void()> callback) {
    auto async = uv::Async::make(loop, std::move(callback));
    if (!async) return async.error();
    std::unique_ptr<LoopCall> call(new LoopCall);
    call->async_ = std::move(*async);
    call->trigger_ = std::make_shared<Trigger>();
    call->trigger_->async_ = call->async_.get();
    return call;
}

LoopCall::~LoopCall() {
    const std::lock_guard lock(trigger_->mutex_);
    trigger_->async_ = nullptr;
}

}  // namespace hostbridge
