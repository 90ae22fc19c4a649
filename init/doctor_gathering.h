// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "init/doctor_facts.h"

namespace init {

/// Looks at this machine and asks the agents: a second at most for each endpoint, and for each program that tells its version.
/// Runs no program of the user's; the rule is tested by a file in memory, if it is in the usual place.
DoctorFacts gather_facts(const std::string& rule_name, const std::string& directory);

}  // namespace init
