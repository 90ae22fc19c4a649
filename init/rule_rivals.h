// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "init/binfmt_rule.h"

namespace init {

/// Which of the files that start with "MZ" a rule is for.
enum class MzMatch {
    none,
    all,
    some,     ///< It looks at more than the first two bytes.
    by_name,  ///< Those with an extension that programs have.
};

/// Pure. A magic that leaves out the first two bytes is not taken for one of MZ files.
MzMatch match_with_mz(const RegisteredRule& rule);

/// A rule that programs which are ours meet as well.
struct MzRule {
    RegisteredRule rule;
    MzMatch match = MzMatch::none;
};

/// Those of `rules` that MZ files meet, in the same order.
std::vector<MzRule> find_mz_rules(std::vector<RegisteredRule> rules);

/// "rule wine (/usr/bin/wine) is for all MZ files too, and is asked first", and the like: a sentence for each rule but
/// those called `name`, `name`-com and `name`-COM. `rules` are in the order in which the kernel asks them.
std::vector<std::string> describe_rivals(const std::vector<MzRule>& rules, const std::string& name);

}  // namespace init
