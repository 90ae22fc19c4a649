// SPDX-License-Identifier: MIT
#include "hostbridge/exit_watch_win.h"

#include "hostbridge/windows_error_win.h"

namespace hostbridge {
namespace {

void CALLBACK wake_loop(void* trigger, BOOLEAN) { static_cast<LoopCall::Trigger*>(trigger)->fire(); }

}  // namespace

proto::Result<std::unique_ptr<ExitWatch>> ExitWatch::start(uv_loop_t* loop, HANDLE process,
                                                           std::function<void(std::uint32_t code)> ended) {
    auto call = LoopCall::make(loop, [process, ended = std::move(ended)] {
        DWORD code = 0;
        GetExitCodeProcess(process, &code);
        ended(code);
    });
    if (!call) return call.error();
    std::unique_ptr<ExitWatch> watch(new ExitWatch);
    watch->call_ = std::move(*call);
    watch->trigger_ = watch->call_->trigger();
    if (RegisterWaitForSingleObject(&watch->wait_, process, wake_loop, watch->trigger_.get(), INFINITE,
                                    WT_EXECUTEONLYONCE) == 0) {
        return windows_error(GetLastError(), "wait for a process");
    }
    return watch;
}

ExitWatch::~ExitWatch() {
    // Waits for a callback under way, which only fires the trigger.
    if (wait_ != nullptr) UnregisterWaitEx(wait_, INVALID_HANDLE_VALUE);
}

}  // namespace hostbridge
