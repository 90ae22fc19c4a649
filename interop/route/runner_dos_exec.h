// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "interop/route/runner_dos.h"
#include "interop/route/runner_dos_plan.h"

namespace interop {

/// How an emulator that is at home on our own standard streams is started.
struct DosCommand {
    std::vector<std::string> words;
    std::vector<std::pair<std::string, std::string>> environment;  ///< Set over ours.
};

/// The command for dosemu2 or emu2, from their documentation (dosemu.bin(1), emu2's README). `program` is absolute, `tail`
/// that of dos_command_tail(). Pure.
DosCommand dos_command(const DosEmulator& emulator, const std::string& program, const DosDrives& drives,
                       const std::string& tail, bool interactive);

/// Becomes dosemu2 or emu2. Returns only if that failed.
LocalFailure exec_dos_emulator(const LocalLaunch& launch, const DosEmulator& emulator, const DosOptions& options);

}  // namespace interop
