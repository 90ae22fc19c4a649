// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace init {

enum class DoctorFormat { lines, json };

/// `mzinit doctor`: looks at all that a launch needs, and says what is wrong and what to do about it. The rule that is looked at
/// has that name, in the binfmt_misc mounted on `directory`. Returns the exit status: 0 no problem, 1 problems.
int run_doctor(const std::string& rule_name, const std::string& directory, DoctorFormat format);

}  // namespace init
