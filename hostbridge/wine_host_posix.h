// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hostbridge/launch_plan_posix.h"
#include "interop/route/runner_wine_desktop.h"
#include "proto/base/result.h"

namespace hostbridge {

/// Sees to it that a prefix's wineserver and services run, outside every session, before a program of that
/// prefix is started, and that its desktop stays. One per launcher.
class WineHost {
  public:
    using OnReady = std::function<void(proto::Result<void>)>;

    /// `loop` is borrowed.
    explicit WineHost(uv_loop_t* loop) : loop_(loop), state_(std::make_shared<State>()) {}

    /// Calls `ready` on the loop once the server of the environment's prefix runs, or cannot be started. `wine` is
    /// the starter's path. Not called any more when the WineHost is gone.
    void ensure(const std::string& wine, const Environment& environment, OnReady ready);

  private:
    struct State {
        std::map<std::string, std::vector<OnReady>> waiting;   ///< By prefix: those who wait for its server.
        std::map<std::string, interop::WineDesktop> desktops;  ///< By prefix; the first few get one.

        /// Holds the prefix's desktop if it has one or gets one.
        proto::Result<void> hold_desktop(const std::string& prefix, const std::string& wine,
                                         const Environment& environment);
    };

    uv_loop_t* loop_;
    std::shared_ptr<State> state_;  // shared with work that may outlive us
};

}  // namespace hostbridge
