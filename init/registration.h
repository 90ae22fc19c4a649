// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "init/binfmt_rule.h"
#include "init/binfmt_table.h"
#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

/// `mzinit register`, `unregister` and `status`. They write sentences for the user and return how it went, which is
/// also the exit status; the values are documented in README.md and do not change.
namespace init {

struct TableReport;

enum class RegistrationStatus {
    done = 0,
    failed = 1,  ///< Another reason, named in the message.
    usage = 2,
    no_binfmt_misc = 3,  ///< Not mounted, or not part of this kernel.
    no_permission = 4,
    not_registered = 5,
    other_interpreter = 6,  ///< The name is taken by a rule for another program.
    disabled = 7,           ///< The rule is there, but it or binfmt_misc is switched off.
    not_working = 8,        ///< The kernel took the rule, but running a program by it failed.
};

struct RegistrationRequest {
    BinfmtRule rule;  ///< Without an interpreter: this program.
    std::string directory = BinfmtTable::usual_directory;
    bool com = false;           ///< Also the rules for files called .com, com_rules().
    bool batch = false;         ///< Also the rules for batch files, batch_rules().
    bool replace = false;       ///< A rule of the same name for another interpreter is replaced.
    bool embed_config = false;  ///< A copy of the interpreter with the configuration in it, embedded_interpreter.h.
    bool protect = false;       ///< Then others cannot remove all rules at once, status_protection.h.
};

/// Registers the rule and tests it. A rule for the same interpreter is registered anew, which puts it before all
/// others and makes flag F open the interpreter that is there now.
RegistrationStatus register_rule(const RegistrationRequest& request);

/// Removes the rule, those for extensions that are there, and the protection against others.
RegistrationStatus unregister_rule(const std::string& name, const std::string& directory);

/// What `status` is about. ENODEV if `directory` is no mounted binfmt_misc.
proto::Result<TableReport> examine_table(const std::string& name, const std::string& directory);

enum class StatusFormat { sentence, json };

/// Says on standard output whether MZ files are run by the rule of that name, and which others are for them.
RegistrationStatus show_status(const std::string& name, const std::string& directory, StatusFormat format);

/// What a RuleGuard has to look after.
struct RegisteredRules {
    RegistrationStatus status = RegistrationStatus::done;
    std::vector<BinfmtRule> rules;  ///< What was registered.
    interop::UniqueFd interpreter;  ///< If it holds something: what the rules' /proc/self/fd/N means, while it is open.
};

/// Registers this program from init, in place of any rule of that name: mounts what is missing, so that in a user
/// namespace of its own the rule is too.
RegisteredRules register_at_start(RegistrationRequest request = {});

}  // namespace init
