// SPDX-License-Identifier: MIT
#include "init/machine/command_words.h"

#include <algorithm>
#include <array>

namespace init {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view special_to_shells = "\n#;\"*?[]&|<>(){}$`^~!'\\";
constexpr std::array<std::string_view, 5> shells_own_commands{".", ":", "eval", "exec", "exit"};

bool needs_shell(std::string_view line) {
    const std::string_view first_word = line.substr(0, line.find_first_of(blanks));
    // "=" sets a variable before the command only; later it is in options mostly.
    return line.find_first_of(special_to_shells) != std::string_view::npos ||
           first_word.find('=') != std::string_view::npos ||
           std::ranges::find(shells_own_commands, first_word) != shells_own_commands.end();
}

}  // namespace

std::vector<std::string> command_words(std::string_view line) {
    const auto first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    line = line.substr(first, line.find_last_not_of(blanks) + 1 - first);
    if (needs_shell(line)) return {"/bin/sh", "-c", std::string(line)};
    std::vector<std::string> words;
    while (true) {
        words.emplace_back(line.substr(0, line.find_first_of(blanks)));
        const auto next = line.find_first_not_of(blanks, words.back().size());
        if (next == std::string_view::npos) return words;
        line.remove_prefix(next);
    }
}

}  // namespace init
