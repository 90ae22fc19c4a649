// SPDX-License-Identifier: MIT
#include "interop/text/printable.h"

namespace interop {

std::string printable_line(std::string_view text, std::size_t limit) {
    const bool cut = text.size() > limit;
    if (cut) text = text.substr(0, limit);
    std::string line;
    line.reserve(text.size() + 3);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
        const bool is_c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F;  // U+0080 to U+009F
        line += byte < 0x20 || byte == 0x7F || is_c1 ? '?' : text[i];
        if (is_c1) ++i;
    }
    if (cut) line += "...";
    return line;
}

}  // namespace interop
