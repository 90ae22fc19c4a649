// SPDX-License-Identifier: MIT
#include "hostbridge/pipe_peek_win.h"

#include <process.h>

#include <atomic>
#include <chrono>
#include <utility>

#include "hostbridge/windows_error_win.h"

namespace hostbridge {
namespace {

constexpr std::chrono::milliseconds time_limit{1000};

/// What the thread needs; it may outlive the PipePeek.
struct Question {
    UniqueHandle read_end;
    std::shared_ptr<std::atomic<DWORD>> available;
    std::shared_ptr<LoopCall::Trigger> trigger;
};

unsigned __stdcall answer(void* argument) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    DWORD bytes = 0;
    const bool is_known = PeekNamedPipe(question->read_end.get(), nullptr, 0, nullptr, &bytes, nullptr) != 0;
    if (is_known) question->available->store(bytes);
    question->trigger->fire();
    return 0;
}

/// Starts the thread, which nobody waits for: it may stay blocked until the writing end of the pipe is closed. Not by
/// std::thread: winpthreads' pthread_create, which that is made of, is seen to start one now and then without its argument
/// when it has just been detached.
proto::Result<void> ask(std::unique_ptr<Question> question) {
    const UniqueHandle thread(reinterpret_cast<HANDLE>(_beginthreadex(nullptr, 0, answer, question.get(), 0, nullptr)));
    if (!thread) return windows_error(GetLastError(), "start a thread");
    (void)question.release();  // The thread's now.
    return {};
}

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
    auto question = std::make_unique<Question>(Question{std::move(read_end), available, peek->call_->trigger()});
    if (auto asked = ask(std::move(question)); !asked) return asked.error();
    return peek;
}

}  // namespace hostbridge
