// SPDX-License-Identifier: MIT
#include "proto/wire/utf8_text.h"

#include <cstddef>

namespace proto {
namespace {

unsigned char byte_at(std::string_view bytes, std::size_t index) {
    return index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0;
}

/// Length of the well-formed sequence at the start of `bytes`, 0 if there is none (Unicode, table 3-7).
std::size_t sequence_length(std::string_view bytes) {
    const unsigned char first = byte_at(bytes, 0);
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4) return 0;
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    // The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    const unsigned char lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned char highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (byte_at(bytes, 1) < lowest || byte_at(bytes, 1) > highest) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if ((byte_at(bytes, i) & 0xC0) != 0x80) return 0;
    }
    return length;
}

}  // namespace

std::string to_utf8_text(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const std::size_t length = sequence_length(bytes);
        if (length == 0) {
            text += "\xEF\xBF\xBD";
        } else {
            text += bytes.substr(0, length);
        }
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return text;
}

}  // namespace proto
