// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "interop/route/configuration.h"
#include "interop/text/path_map.h"
#include "launch.pb.h"

namespace interop {

/// The host's names for the directories of this mount namespace: [path] map of the configuration, and what
/// /proc/self/mountinfo tells (add_mounts). Without /proc the configuration alone.
PathMap guest_path_map(const Configuration& configuration);

/// What the agent offers; lines that are no paths of its system are left out. Pure.
PathMap agent_path_map(const mzinit::v1::Info& info);

/// The directories in which the agent's system looks for programs, as the guest names them, colon-separated: by `known`,
/// else by what the agent offers. Those that the guest does not see, and repeated ones, are left out. Pure.
std::string guest_search_path(const PathMap& known, const mzinit::v1::Info& info);

}  // namespace interop
