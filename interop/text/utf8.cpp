// SPDX-License-Identifier: MIT
#include "interop/text/utf8.h"

namespace interop {

Utf8Start start_of_utf8(std::string_view text) {
    using enum Utf8Start::Kind;
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) return {whole, first, 1};
    std::size_t length = 0;
    char32_t lowest = 0;
    char32_t point = 0;
    if ((first & 0xE0) == 0xC0) {
        length = 2, lowest = 0x80, point = first & 0x1F;
    } else if ((first & 0xF0) == 0xE0) {
        length = 3, lowest = 0x800, point = first & 0x0F;
    } else if ((first & 0xF8) == 0xF0) {
        length = 4, lowest = 0x10000, point = first & 0x07;
    } else {
        return {malformed};
    }
    std::size_t index = 1;
    for (; index < length && index < text.size(); ++index) {
        const auto next = static_cast<unsigned char>(text[index]);
        if ((next & 0xC0) != 0x80) return {malformed};
        point = (point << 6) | (next & 0x3Fu);
    }
    // What is not there yet decides only within this range.
    const auto open_bits = static_cast<unsigned>(6 * (length - index));
    const char32_t least = point << open_bits;
    const char32_t most = least | ((char32_t{1} << open_bits) - 1);
    if (most < lowest || least > 0x10FFFF || (least >= 0xD800 && most <= 0xDFFF)) return {malformed};
    return index < length ? Utf8Start{cut} : Utf8Start{whole, point, length};
}

void append_utf8(std::string& text, char32_t point) {
    const auto append = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (point < 0x80) {
        append(point);
    } else if (point < 0x800) {
        append(0xC0 | (point >> 6));
        append(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        append(0xE0 | (point >> 12));
        append(0x80 | ((point >> 6) & 0x3F));
        append(0x80 | (point & 0x3F));
    } else {
        append(0xF0 | (point >> 18));
        append(0x80 | ((point >> 12) & 0x3F));
        append(0x80 | ((point >> 6) & 0x3F));
        append(0x80 | (point & 0x3F));
    }
}

}  // namespace interop
