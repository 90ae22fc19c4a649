// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "init/mode.h"

namespace init {

/// Is init: starts the command that `argv` (not empty) names, looks after everything below it and returns the exit
/// status for this process. As Mode::machine_init it does not return: at the end the machine is switched off.
int run_init(Mode mode, const std::vector<std::string>& argv);

}  // namespace init
