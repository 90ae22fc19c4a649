// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace hostbridge {

/// The path at which Windows really finds the file that `path` names: links followed, trailing dots and spaces gone,
/// without the `\\?\` in front of drives. `path` itself where it cannot be opened. UTF-8 both.
std::string final_path(const std::string& path);

}  // namespace hostbridge
