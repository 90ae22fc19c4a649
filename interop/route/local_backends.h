// SPDX-License-Identifier: MIT
#pragma once

#include "interop/route/configuration.h"
#include "interop/route/local_launch.h"
#include "interop/route/route_decision.h"

namespace interop {

/// Runs the program by a backend of this machine (any but the host). Wine, mono and a native loader take over this process;
/// a DOS emulator is waited for. A LocalFailure means that nothing was started.
LocalOutcome run_locally(Backend backend, const LocalLaunch& launch, const Installation& installed,
                         const Configuration& configuration);

}  // namespace interop
