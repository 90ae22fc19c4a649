// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

namespace interop {

/// Whether what an image calls `name` may be the name of a file beside it: no separator, colon or control character, not empty.
inline bool is_bare_name(std::string_view name) {
    return !name.empty() && std::ranges::none_of(name, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F || std::string_view("\\/:").find(c) != std::string_view::npos;
    });
}

}  // namespace interop
