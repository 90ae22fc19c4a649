// SPDX-License-Identifier: MIT
#pragma once

#include "interop/route/route_decision.h"

namespace interop {

/// Looks for all local backends on PATH and where distributions put them. It touches the disk dozens of times: not for
/// the way of a launch that the host takes.
Installation find_installation();

}  // namespace interop
