// SPDX-License-Identifier: MIT
#include "interop/text/kernel_command_line.h"

#include <algorithm>
#include <cctype>

namespace interop {
namespace {

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// Takes the next word off; blanks between double quotes belong to it (next_arg() in the kernel's lib/cmdline.c).
std::string_view take_word(std::string_view& rest) {
    const auto first = std::ranges::find_if_not(rest, is_blank);
    rest.remove_prefix(static_cast<std::size_t>(first - rest.begin()));
    bool in_quotes = false;
    std::size_t length = 0;
    while (length < rest.size() && (in_quotes || !is_blank(rest[length]))) {
        if (rest[length] == '"') in_quotes = !in_quotes;
        ++length;
    }
    const std::string_view word = rest.substr(0, length);
    rest.remove_prefix(length);
    return word;
}

/// The kernel takes quotes off only where one begins the text: in b"c d" they stay.
std::string_view without_quotes(std::string_view text) {
    if (!text.starts_with('"')) return text;
    text.remove_prefix(1);
    if (text.ends_with('"')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<std::string> kernel_parameter(std::string_view command_line, std::string_view name) {
    std::optional<std::string> value;
    while (true) {
        std::string_view word = take_word(command_line);
        if (word.empty()) return value;
        // name="a b", or all of it in quotes: "name=a b". The kernel takes off the outer ones only.
        const bool all_quoted = word.starts_with('"');
        if (all_quoted) word = without_quotes(word);
        if (!word.starts_with(name) || word.substr(name.size(), 1) != "=") continue;
        word.remove_prefix(name.size() + 1);
        value = all_quoted ? word : without_quotes(word);
    }
}

}  // namespace interop
