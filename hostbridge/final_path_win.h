// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "hostbridge/unique_handle_win.h"

namespace hostbridge {

/// The path at which Windows really finds the file that `path` names: links followed, trailing dots and spaces gone,
/// without the `\\?\` in front of drives. `path` itself where it cannot be opened. UTF-8 both.
std::string final_path(const std::string& path);

/// The same of an open file, in long names; nothing, and GetLastError() says why, if it has no such path.
std::optional<std::string> final_path_of_handle(HANDLE file);

}  // namespace hostbridge
