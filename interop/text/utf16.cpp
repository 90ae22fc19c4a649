// SPDX-License-Identifier: MIT
#include "interop/text/utf16.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace interop {
namespace {

/// The code point that starts at `position`, which is moved behind it; nothing if it is malformed.
std::optional<char32_t> decode_utf8(std::string_view text, std::size_t& position) {
    const auto byte_at = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    const unsigned char first = byte_at(position);
    if (first < 0x80) {
        ++position;
        return first;
    }
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
        return std::nullopt;
    }
    if (text.size() - position < length) return std::nullopt;
    for (std::size_t index = 1; index < length; ++index) {
        const unsigned char next = byte_at(position + index);
        if ((next & 0xC0) != 0x80) return std::nullopt;
        point = (point << 6) | (next & 0x3Fu);
    }
    if (point < lowest || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return std::nullopt;
    position += length;
    return point;
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

bool is_between(char16_t unit, char16_t first, char16_t last) { return unit >= first && unit <= last; }

char16_t lowered_by(char16_t unit, unsigned distance) { return static_cast<char16_t>(unit - distance); }

/// Blocks in which a capital and its small letter are neighbours.
char16_t upper_case_of_pair(char16_t unit) {
    const bool is_odd = (unit & 1) != 0;
    const bool small_is_odd = is_between(unit, 0x100, 0x12F) || is_between(unit, 0x132, 0x137) ||
                              is_between(unit, 0x14A, 0x177) || is_between(unit, 0x1E00, 0x1E95) ||
                              is_between(unit, 0x1EA0, 0x1EFF) || is_between(unit, 0x460, 0x481) ||
                              is_between(unit, 0x48A, 0x4BF) || is_between(unit, 0x4D0, 0x523);
    const bool small_is_even =
        is_between(unit, 0x139, 0x148) || is_between(unit, 0x179, 0x17E) || is_between(unit, 0x4C1, 0x4CE);
    if ((small_is_odd && is_odd) || (small_is_even && !is_odd)) return lowered_by(unit, 1);
    return unit;
}

char16_t upper_case_of_greek(char16_t unit) {
    switch (unit) {
        case 0x3AC: return 0x386;
        case 0x3AD:
        case 0x3AE:
        case 0x3AF: return lowered_by(unit, 37);
        case 0x3C2: return 0x3A3;
        case 0x3CC: return 0x38C;
        case 0x3CD:
        case 0x3CE: return lowered_by(unit, 63);
        default: return is_between(unit, 0x3B1, 0x3CB) ? lowered_by(unit, 32) : unit;
    }
}

}  // namespace

std::optional<std::u16string> utf8_to_utf16(std::string_view text) {
    std::u16string units;
    units.reserve(text.size());
    for (std::size_t position = 0; position < text.size();) {
        const std::optional<char32_t> point = decode_utf8(text, position);
        if (!point) return std::nullopt;
        if (*point < 0x10000) {
            units.push_back(static_cast<char16_t>(*point));
        } else {
            units.push_back(static_cast<char16_t>(0xD800 + ((*point - 0x10000) >> 10)));
            units.push_back(static_cast<char16_t>(0xDC00 + ((*point - 0x10000) & 0x3FF)));
        }
    }
    return units;
}

std::string utf16_to_utf8(std::u16string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t index = 0; index < text.size(); ++index) {
        char32_t point = text[index];
        if (is_between(text[index], 0xD800, 0xDBFF) && index + 1 < text.size() &&
            is_between(text[index + 1], 0xDC00, 0xDFFF)) {
            point = 0x10000 + ((point - 0xD800) << 10) + (text[index + 1] - 0xDC00u);
            ++index;
        } else if (is_between(text[index], 0xD800, 0xDFFF)) {
            point = 0xFFFD;
        }
        append_utf8(bytes, point);
    }
    return bytes;
}

char16_t windows_upper_case(char16_t unit) {
    if (unit < 0x80) return is_between(unit, u'a', u'z') ? lowered_by(unit, 32) : unit;
    if (unit < 0x100) {
        if (unit == 0xFF) return 0x178;
        return is_between(unit, 0xE0, 0xFE) && unit != 0xF7 ? lowered_by(unit, 32) : unit;
    }
    if (is_between(unit, 0x370, 0x3CE)) return upper_case_of_greek(unit);
    if (is_between(unit, 0x430, 0x44F)) return lowered_by(unit, 32);
    if (is_between(unit, 0x450, 0x45F)) return lowered_by(unit, 80);
    if (is_between(unit, 0x561, 0x586)) return lowered_by(unit, 48);
    return upper_case_of_pair(unit);
}

int compare_ignoring_case(std::u16string_view left, std::u16string_view right) {
    const std::size_t common = std::min(left.size(), right.size());
    for (std::size_t index = 0; index < common; ++index) {
        const char16_t of_left = windows_upper_case(left[index]);
        const char16_t of_right = windows_upper_case(right[index]);
        if (of_left != of_right) return of_left < of_right ? -1 : 1;
    }
    if (left.size() == right.size()) return 0;
    return left.size() < right.size() ? -1 : 1;
}

}  // namespace interop
