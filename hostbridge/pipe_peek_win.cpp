// SPDX-License-Identifier: MIT
#include "hostbridge/pipe_peek_win.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

namespace hostbridge {
namespace {

constexpr std::chrono::milliseconds time_limit{1000};

}  // namespace

proto::Result<std::unique_ptr<PipePeek>> PipePeek::start(uv_loop_t* loop, UniqueHandle read_end,
                                                         std::function<void(std::uint64_t bytes)> done) {
    const auto available = std::make_shared<std::atomic<DWORD>>(0);
    // Whichever comes first; both run on the loop.
    const auto once = std::make_shared<std::function<void(std::uint64_t)>>(std::move(done));
    const auto report = [once](std::uint64_t bytes) {
        if (const auto callback = std::exchange(*once, nullptr)) callback(bytes);
    };
    auto call = LoopCall::make(loop, [report, available] { report(available->load()); });
    if (!call) return call.error();
    std::unique_ptr<PipePeek> peek(new PipePeek);
    peek->call_ = std::move(*call);
    peek->limit_ = std::make_unique<uv::Timer>(loop, [report] { report(0); });
    peek->limit_->start(time_limit);
    // Detached, because it may stay blocked; it ends when the writing end of the pipe is closed.
    std::thread([read_end = std::move(read_end), available, trigger = peek->call_->trigger()] {
        DWORD bytes = 0;
        if (PeekNamedPipe(read_end.get(), nullptr, 0, nullptr, &bytes, nullptr) != 0) available->store(bytes);
        trigger->fire();
    }).detach();
    return peek;
}

}  // namespace hostbridge
