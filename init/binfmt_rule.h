// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

namespace init {

/// A binfmt_misc rule for files that start with "MZ", or that have an extension. Source: Linux Documentation/admin-guide/binfmt-misc.rst.
struct BinfmtRule {
    std::string name = "mzinit";
    std::string interpreter;
    std::string flags = "PF";
    std::string extension;  ///< If not empty the rule is for names with it, whatever is in the file; the case counts.
};

/// The rules for files called .com and .COM that go with `rule`, named after it and the extension.
std::vector<BinfmtRule> com_rules(const BinfmtRule& rule);

/// Likewise for batch files: .bat, .BAT, .cmd and .CMD.
std::vector<BinfmtRule> batch_rules(const BinfmtRule& rule);

/// Both of these: all that can go with `rule`.
std::vector<BinfmtRule> extension_rules(const BinfmtRule& rule);

/// The line that registers the rule. The Error says which part the kernel could not take, or we could not work with:
/// without flag P the interpreter cannot tell the caller's argv[0] from the first argument.
proto::Result<std::string> format_rule(const BinfmtRule& rule);

/// What the kernel tells about a registered rule.
struct RegisteredRule {
    std::string name;
    bool enabled = false;
    std::string interpreter;
    std::string flags;
    std::string extension;   ///< If not empty the rule is for names that end in it, and has no magic.
    std::size_t offset = 0;  ///< Of the magic in the file.
    std::string magic;       ///< Bytes.
    std::string mask;        ///< Bytes, as many as magic; empty: all bits count.
};

/// Reads the text of a rule's file in binfmt_misc, which does not have the name; nothing if it is not of that form.
std::optional<RegisteredRule> parse_registered_rule(std::string_view text);

}  // namespace init
