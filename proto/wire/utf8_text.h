// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace proto {

/// `bytes` with each byte that is not part of well-formed UTF-8 replaced by U+FFFD. Text fields that take file names or
/// messages of the system go through it: the receiver refuses a whole message for one bad byte in a string field.
std::string to_utf8_text(std::string_view bytes);

}  // namespace proto
