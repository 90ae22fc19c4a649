// SPDX-License-Identifier: MIT
#include "init/binfmt_rule.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <initializer_list>
#include <utility>

namespace init {
namespace {

constexpr std::size_t longest_line = 1920;  // MAX_REGISTER_LENGTH of the kernel.

bool is_good_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name != "register" && name != "status" &&
           std::ranges::none_of(name, [](unsigned char c) { return c == '/' || c <= ' ' || c == 0x7F; });
}

bool are_good_flags(std::string_view flags) {
    return flags.find('P') != std::string_view::npos && flags.find_first_not_of("POCF") == std::string_view::npos;
}

bool is_good_interpreter(std::string_view path) {
    return path.starts_with('/') && std::ranges::none_of(path, [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

/// The first character of the line separates its fields; it must be in none of them.
std::optional<char> choose_separator(const BinfmtRule& rule) {
    for (const char c : std::string_view(":|,;!%")) {
        if ((rule.name + rule.interpreter + rule.flags).find(c) == std::string::npos) return c;
    }
    return std::nullopt;
}

std::string bytes_from_hex(std::string_view digits) {
    std::string bytes;
    for (; digits.size() >= 2; digits.remove_prefix(2)) {
        unsigned value = 0;
        if (std::from_chars(digits.data(), digits.data() + 2, value, 16).ptr != digits.data() + 2) break;
        bytes.push_back(static_cast<char>(value));
    }
    return bytes;
}

std::vector<BinfmtRule> rules_for(const BinfmtRule& rule, std::initializer_list<std::string_view> extensions) {
    std::vector<BinfmtRule> rules;
    for (const std::string_view extension : extensions) {
        BinfmtRule& each = rules.emplace_back(rule);
        each.extension = extension;
        each.name += "-" + each.extension;
    }
    return rules;
}

}  // namespace

std::vector<BinfmtRule> com_rules(const BinfmtRule& rule) { return rules_for(rule, {"com", "COM"}); }

std::vector<BinfmtRule> batch_rules(const BinfmtRule& rule) { return rules_for(rule, {"bat", "BAT", "cmd", "CMD"}); }

std::vector<BinfmtRule> extension_rules(const BinfmtRule& rule) {
    std::vector<BinfmtRule> rules = com_rules(rule);
    for (BinfmtRule& each : batch_rules(rule)) rules.push_back(std::move(each));
    return rules;
}

proto::Result<std::string> format_rule(const BinfmtRule& rule) {
    const auto bad = [](const std::string& what) { return proto::errno_error(EINVAL, what); };
    if (!is_good_name(rule.name)) return bad("rule name '" + rule.name + "'");
    if (!are_good_flags(rule.flags)) return bad("flags '" + rule.flags + "' (P is needed, with it O, C and F can be)");
    if (!is_good_interpreter(rule.interpreter))
        return bad("interpreter '" + rule.interpreter + "' (not an absolute path)");
    const auto separator = choose_separator(rule);
    if (!separator)
        return bad("interpreter '" + rule.interpreter + "' (has every character that could separate fields)");
    const std::string s(1, *separator);
    const bool by_name = !rule.extension.empty();
    std::string line = s + rule.name + s + (by_name ? 'E' : 'M') + s + s + (by_name ? rule.extension : "MZ") + s + s;
    line += rule.interpreter + s + rule.flags;
    if (line.size() > longest_line) return bad("interpreter '" + rule.interpreter + "' (path too long)");
    return line;
}

std::optional<RegisteredRule> parse_registered_rule(std::string_view text) {
    RegisteredRule rule;
    bool has_interpreter = false;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto starts = [line](std::string_view word) { return line.starts_with(word); };
        if (line == "enabled") rule.enabled = true;
        if (starts("flags: ")) rule.flags = line.substr(7);
        if (starts("extension .")) rule.extension = line.substr(11);
        if (starts("offset ")) std::from_chars(line.data() + 7, line.data() + line.size(), rule.offset);
        if (starts("magic ")) rule.magic = bytes_from_hex(line.substr(6));
        if (starts("mask ")) rule.mask = bytes_from_hex(line.substr(5));
        if (starts("interpreter ")) {
            rule.interpreter = line.substr(12);
            has_interpreter = true;
        }
    }
    return has_interpreter ? std::optional(rule) : std::nullopt;
}

}  // namespace init
