// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <variant>

#include "interop/route/local_launch.h"
#include "interop/route/runner_dos_plan.h"

namespace interop {

/// dos_command_tail() of the launch, or the failure in the user's words.
std::variant<LocalFailure, std::string> dos_tail_of(const LocalLaunch& launch);

/// plan_dos_drives() for this program (an absolute path) and our working directory.
proto::Result<DosDrives> find_dos_drives(const std::string& program);

}  // namespace interop
