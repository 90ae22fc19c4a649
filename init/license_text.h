// SPDX-License-Identifier: MIT
#pragma once

namespace init {

/// The project's license, for `-l`.
extern const char* const license_text;

}  // namespace init
