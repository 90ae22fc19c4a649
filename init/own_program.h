// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/base/result.h"

namespace init {

/// The absolute path of the program that we are. Needs /proc.
proto::Result<std::string> own_program_path();

}  // namespace init
