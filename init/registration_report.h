// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "init/binfmt_rule.h"
#include "init/registration.h"
#include "init/rule_rivals.h"
#include "proto/base/error.h"

/// What registration says to the user. Pure.
namespace init {

/// How the rules are, for `status`.
struct TableReport {
    std::string name;  ///< Of the rule that was asked for.
    bool is_mounted = false;
    bool is_enabled = false;
    bool is_protected = false;
    std::optional<RegisteredRule> rule;
    std::vector<MzRule> mz_rules;  ///< All that MZ files meet, in the order in which the kernel asks them.
    bool kernel_tells_interpreters = true;
};

std::string status_text(const TableReport& report);
std::string status_json(const TableReport& report);

/// A failure as it is told, and the exit status that stands for it.
struct Refusal {
    RegistrationStatus status = RegistrationStatus::failed;
    std::string sentence;
};

Refusal explain_failure(const proto::Error& error);
Refusal explain_missing_table(const std::string& directory);
Refusal explain_mount_failure(const proto::Error& error);

/// `error` is that of writing the rule.
Refusal explain_rejected_rule(const BinfmtRule& rule, const proto::Error& error);

Refusal explain_other_interpreter(const RegisteredRule& present);

}  // namespace init
