// SPDX-License-Identifier: MIT
#include "interop/text/utf16.h"

#include <algorithm>
#include <cstddef>

#include "interop/text/utf8.h"

namespace interop {
namespace {

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
    while (!text.empty()) {
        const Utf8Start start = start_of_utf8(text);
        if (start.kind != Utf8Start::Kind::whole) return std::nullopt;
        if (start.point < 0x10000) {
            units.push_back(static_cast<char16_t>(start.point));
        } else {
            units.push_back(static_cast<char16_t>(0xD800 + ((start.point - 0x10000) >> 10)));
            units.push_back(static_cast<char16_t>(0xDC00 + ((start.point - 0x10000) & 0x3FF)));
        }
        text.remove_prefix(start.length);
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
