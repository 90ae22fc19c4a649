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

/// Sees to it that a prefix's wineserver and services run and its desktop is there, outside every session, before a program
/// of that prefix is started, and that the desktop stays. One per launcher.
class WineHost {
  public:
    using OnReady = std::function<void(proto::Result<void>)>;

    /// `loop` is borrowed.
    explicit WineHost(uv_loop_t* loop) : loop_(loop), state_(std::make_shared<State>()) {}

    /// Calls `ready` on the loop once the server of the environment's prefix runs, or cannot be started. A desktop that
    /// cannot be had is logged and no failure. `wine` is the starter's path. Not called any more when the WineHost is gone.
    void ensure(const std::string& wine, const Environment& environment, OnReady ready);

  private:
    struct State {
        std::map<std::string, std::vector<OnReady>> waiting;  ///< By prefix: those who wait for its server.
        /// By prefix; the first few get one. Shared with the work of the prefix, of which there is one at a time.
        std::map<std::string, std::shared_ptr<interop::WineDesktop>> desktops;

        /// Null if this prefix gets none.
        std::shared_ptr<interop::WineDesktop> desktop_of(const std::string& prefix);
    };

    uv_loop_t* loop_;
    std::shared_ptr<State> state_;  // shared with work that may outlive us
};

}  // namespace hostbridge
