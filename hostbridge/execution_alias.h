// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace hostbridge {

/// The program behind an execution alias, of which `reparse_data` is what FSCTL_GET_REPARSE_POINT returns; nothing for any
/// other reparse point. Pure.
/// Source: the layout of IO_REPARSE_TAG_APPEXECLINK as it is found: a version, then NUL-ended texts in UTF-16: the package, the
/// entry point, the program.
std::optional<std::u16string> execution_alias_target(std::span<const std::byte> reparse_data);

}  // namespace hostbridge
