// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "proto/base/result.h"

/// The test that ends a registration. The kernel may take a rule and still be unable to apply it (another rule is
/// asked first, the interpreter lies on a file system without exec, memory files cannot be executed): so a tiny MZ
/// file is executed, and the interpreter that sees its name answers with the token it was given. No agent is
/// involved, and no configuration is read.
namespace init {

/// The argv[0] of the tiny file.
inline constexpr std::string_view probe_name = "mzinit-rule-probe";

/// Executes the tiny file and waits at most some seconds for the answer. `doing` of the Error is a
/// sentence that says what happened instead.
proto::Result<void> probe_rule();

/// The interpreter's part: true if it was started for a probe, which it has answered then.
bool answer_probe(std::string_view argv0, std::string_view token);

}  // namespace init
