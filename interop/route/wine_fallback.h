// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "interop/route/local_launch.h"
#include "interop/route/runner.h"

namespace interop {

/// Becomes Wine running the program: same process, same descriptors. `wine` can run it. `exit_object` is a file, or empty:
/// it makes crashes and 32-bit exit codes come out as they would of an agent. Returns only if nothing was started.
LocalFailure exec_wine(const LocalLaunch& launch, const WineInstallation& wine, const std::string& exit_object);

}  // namespace interop
