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

proto::Result<void> WineHost::State::hold_desktop(const std::string& prefix, const std::string& wine,
                                                  const Environment& environment) {
    if (!desktops.contains(prefix) && desktops.size() == max_desktops) return {};
    return desktops[prefix].hold(wine, environment.variables());
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
        proto::Result<void> outcome;
    };
    auto job = std::make_shared<Job>(Job{wine, prefix, environment, {}});
    uv::queue_work(
        loop_,
        [job] {
            if (interop::wine_server_runs(job->prefix, job->environment.lookup())) return;
            job->outcome = interop::start_wine_server(job->wine, job->environment.variables());
        },
        [job, weak = std::weak_ptr<State>(state_)] {
            const auto state = weak.lock();
            if (!state) return;
            if (job->outcome) {
                auto held = state->hold_desktop(job->prefix, job->wine, job->environment);
                // Programs run without it; only the clipboard forgets.
                if (!held) proto::warn(held.error().message());
            }
            auto ready_ones = std::move(state->waiting[job->prefix]);
            state->waiting.erase(job->prefix);
            for (auto& each : ready_ones) each(job->outcome);
        });
}

}  // namespace hostbridge
