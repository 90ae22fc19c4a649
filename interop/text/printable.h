// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace interop {

/// `text` as one harmless line: control characters (ESC and the C1 set included, which would drive the reader's
/// terminal) become '?', and what is longer than `limit` bytes is cut and ends in "...".
std::string printable_line(std::string_view text, std::size_t limit = 1000);

}  // namespace interop
