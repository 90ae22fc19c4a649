// SPDX-License-Identifier: MIT
#pragma once

#include "init/supervisor.h"

namespace init {

/// Acts on what the supervisor decides until the command has ended, and returns init's exit code. Signals must be
/// blocked (interop::block_signals). Allocates nothing, and sleeps until a signal arrives.
int supervise(Supervisor supervisor) noexcept;

}  // namespace init
