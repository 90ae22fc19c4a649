// SPDX-License-Identifier: MIT
#include "init/rule_rivals.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace init {
namespace {

constexpr std::string_view mz = "MZ";

// The kernel compares as they are written, but files are called program.exe and PROGRAM.EXE.
bool is_program_extension(std::string_view extension) {
    constexpr std::array<std::string_view, 4> known{"exe", "com", "bat", "cmd"};
    return std::ranges::any_of(known, [extension](std::string_view each) {
        return std::ranges::equal(each, extension, {}, {}, [](unsigned char c) { return std::tolower(c); });
    });
}

/// The bits that count of a byte of the magic.
unsigned char mask_at(const RegisteredRule& rule, std::size_t index) {
    return index < rule.mask.size() ? static_cast<unsigned char>(rule.mask[index]) : 0xFF;
}

std::string what_it_is_for(const MzRule& each) {
    switch (each.match) {
        case MzMatch::all: return "MZ files";
        case MzMatch::some: return "some MZ files";
        case MzMatch::by_name: return "files called ." + each.rule.extension;
        case MzMatch::none: break;
    }
    return "other files";
}

bool is_called(const RegisteredRule& rule, const std::string& name) {
    return rule.name == name || std::ranges::any_of(extension_rules({.name = name}),
                                                    [&](const BinfmtRule& each) { return each.name == rule.name; });
}

}  // namespace

MzMatch match_with_mz(const RegisteredRule& rule) {
    if (!rule.extension.empty()) return is_program_extension(rule.extension) ? MzMatch::by_name : MzMatch::none;
    if (rule.offset >= mz.size()) return MzMatch::none;
    MzMatch match = MzMatch::all;
    for (std::size_t i = 0; i < rule.magic.size(); ++i) {
        const unsigned char mask = mask_at(rule, i);
        const std::size_t position = rule.offset + i;
        if (mask == 0) continue;
        if (position >= mz.size()) {
            match = MzMatch::some;
        } else if (((static_cast<unsigned char>(rule.magic[i]) ^ static_cast<unsigned char>(mz[position])) & mask) !=
                   0) {
            return MzMatch::none;
        }
    }
    return match;
}

std::vector<MzRule> find_mz_rules(std::vector<RegisteredRule> rules) {
    std::vector<MzRule> found;
    for (RegisteredRule& rule : rules) {
        const MzMatch match = match_with_mz(rule);
        if (match != MzMatch::none) found.push_back({std::move(rule), match});
    }
    return found;
}

std::vector<std::string> describe_rivals(const std::vector<MzRule>& rules, const std::string& name) {
    const auto ours = std::ranges::find_if(rules, [&](const MzRule& each) { return each.rule.name == name; });
    std::vector<std::string> sentences;
    for (auto each = rules.begin(); each != rules.end(); ++each) {
        if (is_called(each->rule, name)) continue;
        std::string sentence = "rule " + each->rule.name + " (" + each->rule.interpreter + ") is for " +
                               what_it_is_for(*each) + (ours == rules.end() ? "" : " too");
        if (!each->rule.enabled) {
            sentence += ", but is switched off";
        } else if (ours != rules.end()) {
            sentence += each < ours ? ", and is asked before ours" : ", and is asked after ours";
        }
        sentences.push_back(std::move(sentence));
    }
    return sentences;
}

}  // namespace init
