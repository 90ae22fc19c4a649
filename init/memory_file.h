// SPDX-License-Identifier: MIT
#pragma once

#include "interop/os/unique_fd.h"

namespace init {

/// An empty file in memory that can be executed once it is written and closed; errno says why there is none. `name` is for
/// those who look into /proc.
interop::UniqueFd make_executable_memory_file(const char* name) noexcept;

}  // namespace init
