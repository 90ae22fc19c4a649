// SPDX-License-Identifier: MIT
#include "interop/route/text_options.h"

#include "interop/route/program_list.h"

namespace interop {
namespace {

constexpr std::string_view never = "never";

}  // namespace

std::optional<TextRequest> parse_text_request(std::string_view text) {
    if (text != never && !parse_text_encoding(text, TextOptions().code_page)) return std::nullopt;
    return TextRequest{std::string(text)};
}

std::optional<TextEncoding> TextOptions::encoding_for(std::string_view path,
                                                      const std::optional<TextRequest>& request) const {
    if (request) return parse_text_encoding(request->encoding, code_page);
    if (lists_program(always, path)) return TextEncoding{TextEncoding::Kind::automatic, code_page};
    return std::nullopt;
}

}  // namespace interop
