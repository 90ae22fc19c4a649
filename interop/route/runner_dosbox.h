// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "interop/route/runner_dos.h"
#include "interop/route/runner_dos_plan.h"

namespace interop {

/// The whole configuration of DOSBox for one program; the user's own is not read. Pure.
std::string dosbox_configuration(const DosDrives& drives, bool interactive);

/// run_dos_program() by DOSBox.
LocalOutcome run_in_dosbox(const LocalLaunch& launch, const DosEmulator& emulator, const DosOptions& options);

}  // namespace interop
