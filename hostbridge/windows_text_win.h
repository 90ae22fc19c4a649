// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hostbridge {

/// UTF-8 as Windows functions want it; nothing if it is malformed or contains NUL.
std::optional<std::wstring> to_wide(std::string_view utf8);

/// The same UTF-16 units in the type that the Windows functions have.
std::wstring to_wide(std::u16string_view units);

std::u16string to_units(std::wstring_view wide);

/// Unpaired surrogates become U+FFFD.
std::string to_utf8(std::wstring_view wide);

}  // namespace hostbridge
