// SPDX-License-Identifier: MIT
#pragma once

#include "init/command_terminal.h"
#include "init/rule_guard.h"
#include "init/supervisor.h"

namespace init {

/// Called for every orphan that was reaped.
using OnOrphan = void (*)(pid_t orphan) noexcept;

/// Waits for signals and children and does what `supervisor` decides, until the command has ended; returns its exit
/// code. All signals must be blocked. Never gives up. `on_orphan` may be null, and so may `guard`, which is served
/// meanwhile.
int supervise(Supervisor supervisor, CommandTerminal& terminal, OnOrphan on_orphan, RuleGuard* guard) noexcept;

}  // namespace init
