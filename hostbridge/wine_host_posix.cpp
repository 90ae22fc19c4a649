// SPDX-License-Identifier: MIT
#include "hostbridge/wine_host_posix.h"

#include "hostbridge/uv/work.h"
#include "interop/route/runner_wine.h"
#include "proto/base/log.h"

namespace hostbridge {
namespace {

// Each costs processes and memory for as long as the agent runs, and clients choose the prefixes.
constexpr std::size_t max_desktops = 4;

}  // namespace

std::shared_ptr<interop::WineDesktop> WineHost::State::desktop_of(const std::string& prefix) {
    if (const auto found = desktops.find(prefix); found != desktops.end()) return found->second;
    if (desktops.size() == max_desktops) return nullptr;
    return desktops[prefix] = std::make_shared<interop::WineDesktop>();
}

void WineHost::ensure(const std::string& wine, const Environment& environment, OnReady ready) {
    const std::string prefix = interop::wine_prefix(environment.lookup());
    auto& waiting = state_->waiting[prefix];
    waiting.push_back(std::move(ready));
    if (waiting.size() > 1) return;  // somebody is looking already

    // The prefix may lie on a slow disk, so even looking is done away from the loop.
    struct Job {
        std::string wine;
        std::string prefix;
        Environment environment;
        std::shared_ptr<interop::WineDesktop> desktop;  // null: not kept for this prefix
        proto::Result<void> outcome;
        proto::Result<void> held;
    };
    auto job = std::make_shared<Job>(Job{wine, prefix, environment, state_->desktop_of(prefix), {}, {}});
    const std::weak_ptr<State> weak(state_);  // gone when the agent ends, which waits for work that has begun
    uv::queue_work(
        loop_,
        [job, weak] {
            const auto& variables = job->environment.variables();
            if (!interop::wine_server_runs(job->prefix, job->environment.lookup()))
                job->outcome = interop::start_wine_server(job->wine, variables);
            if (!job->outcome || !job->desktop || weak.expired()) return;
            // Before any program: one that came first would make the desktop, see WineDesktop.
            job->held = job->desktop->hold(job->wine, variables);
        },
        [job, weak] {
            const auto state = weak.lock();
            if (!state) return;
            // Programs run without it.
            if (!job->held) proto::warn(job->held.error().message());
            auto ready_ones = std::move(state->waiting[job->prefix]);
            state->waiting.erase(job->prefix);
            for (auto& each : ready_ones) each(job->outcome);
        });
}

}  // namespace hostbridge
