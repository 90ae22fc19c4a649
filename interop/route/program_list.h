// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace interop {

/// Whether a list of the configuration has the program's name, the last part of `path`; capitals do not matter.
bool lists_program(const std::vector<std::string>& names, std::string_view path);

}  // namespace interop
