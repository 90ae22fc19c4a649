// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace interop {

/// Strict conversion: overlong forms, surrogates and truncated sequences give nothing.
std::optional<std::u16string> utf8_to_utf16(std::string_view text);

/// Unpaired surrogates, which Windows allows in file names, become U+FFFD.
std::string utf16_to_utf8(std::u16string_view text);

/// The unit that Windows compares when it ignores case in names of files and variables: the simple upper-case
/// mapping, for the Latin, Greek, Cyrillic and Armenian letters; other units are compared as they are.
char16_t windows_upper_case(char16_t unit);

/// Orders as Windows does when it ignores case: by upper-case UTF-16 units. Negative, 0 or positive.
int compare_ignoring_case(std::u16string_view left, std::u16string_view right);

}  // namespace interop
