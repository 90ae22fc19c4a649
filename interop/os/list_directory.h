// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "proto/base/result.h"

namespace interop {

/// The names in the directory open as `directory`, which is borrowed: without "." and "..", sorted by their bytes. The Error says
/// nothing of the directory.
proto::Result<std::vector<std::string>> list_directory(int directory);

}  // namespace interop
