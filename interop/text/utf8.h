// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace interop {

/// What a text of UTF-8 begins with.
struct Utf8Start {
    enum class Kind {
        whole,      ///< A code point.
        cut,        ///< Of a code point, all that there is; what follows may complete it.
        malformed,  ///< No code point, whatever follows: overlong forms and surrogates too.
    };

    Kind kind;
    char32_t point = 0;      ///< If it is whole, ...
    std::size_t length = 0;  ///< ... with that many bytes.
};

/// `text` must not be empty.
Utf8Start start_of_utf8(std::string_view text);

/// `point` must be a code point and no surrogate.
void append_utf8(std::string& text, char32_t point);

}  // namespace interop
