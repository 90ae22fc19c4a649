// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/route/runner.h"

namespace hostbridge {

/// Makes the agent's own run_dos_command() the runner of DOS programs, if a DOS emulator is on `search_path`.
void set_dos_runner(interop::RunnerTable& runners, const std::string& search_path);

/// `hostbridge run-dos [--line-ends=convert] -- PROGRAM [ARGUMENT...]`, given without its first two words: runs the
/// program in the DOS emulator on the standard streams, as the process that the keeper keeps. Returns the exit status;
/// dies of the signal that the program died of.
int run_dos_command(const std::vector<std::string>& words);

}  // namespace hostbridge
