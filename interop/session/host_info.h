// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "interop/image/identify.h"
#include "interop/route/configuration.h"
#include "launch.pb.h"

namespace interop {

/// What the agent that launches would go to says of itself.
struct HostInfo {
    Endpoint endpoint;
    mzinit::v1::Info info;
};

/// Dials the configured endpoints as a launch does, and asks the one that answers. Waits one second more for the answer. The prefix
/// in `request` is UTF-8.
proto::Result<HostInfo> ask_host(const Configuration& configuration, const mzinit::v1::InfoRequest& request = {});

/// Whether an agent can be expected to run `image`.
struct HostOffer {
    bool is_offered;
    std::string reason;  ///< A clause: which runner, or that there is none.
};

/// Reads it out of what the agent said of its runners. Pure.
HostOffer offer_for(const ImageDescription& image, const mzinit::v1::Info& info);

}  // namespace interop
