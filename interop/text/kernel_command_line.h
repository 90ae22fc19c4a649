// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace interop {

/// What the kernel's command line says after `NAME=`, without the double quotes that keep blanks in a value; nothing if
/// the name is not there. The last one counts, as for the kernel's own. Pure: the text is that of /proc/cmdline.
std::optional<std::string> kernel_parameter(std::string_view command_line, std::string_view name);

}  // namespace interop
