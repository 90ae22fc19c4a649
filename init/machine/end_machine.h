// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "init/machine/shutdown_sequence.h"

namespace init {

/// Brings the file systems to rest and ends the machine. No process of the machine is needed any more. A file system that
/// does not answer is not waited for longer than half a minute.
[[noreturn]] void end_machine(MachineEnd end);

/// What a bug of ours makes of the machine (emergency.h): it goes on; the end of the command (0: there is none), or a
/// signal that asks for it, ends the machine at once, with what has been written on the disks.
void arm_machine_emergency(pid_t command) noexcept;

}  // namespace init
