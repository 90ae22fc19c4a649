// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interop/text/text_decoder.h"

namespace interop {

/// --text[=ENCODING]: what is wanted for one program.
struct TextRequest {
    std::string encoding;  ///< "auto", another that parse_text_encoding() knows, or "never".
};

/// Checks it: nothing if it is not known.
std::optional<TextRequest> parse_text_request(std::string_view text);

/// [text] of the configuration.
struct TextOptions {
    unsigned code_page = 437;         ///< code_page
    std::vector<std::string> always;  ///< Names of programs whose output is converted without being asked for.

    /// How the output of a program, by the last part of its path without regard to capitals, is to be read; nothing if it
    /// is left as it is. A request counts for more than the configuration.
    [[nodiscard]] std::optional<TextEncoding> encoding_for(std::string_view path,
                                                           const std::optional<TextRequest>& request) const;
};

}  // namespace interop
