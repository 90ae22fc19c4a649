// SPDX-License-Identifier: MIT
#include "init/machine/command_words.h"

namespace init {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view special_to_shells = "\n#;\"*?[]&|<>(){}$`^~!'\\%=";

}  // namespace

std::vector<std::string> command_words(std::string_view line) {
    const auto first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    line = line.substr(first, line.find_last_not_of(blanks) + 1 - first);
    if (line.find_first_of(special_to_shells) != std::string_view::npos) return {"/bin/sh", "-c", std::string(line)};
    std::vector<std::string> words;
    while (true) {
        words.emplace_back(line.substr(0, line.find_first_of(blanks)));
        const auto next = line.find_first_not_of(blanks, words.back().size());
        if (next == std::string_view::npos) return words;
        line.remove_prefix(next);
    }
}

}  // namespace init
