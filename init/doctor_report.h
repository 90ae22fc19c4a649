// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "init/doctor_findings.h"

/// How `mzinit doctor` writes what it has found. Pure.
namespace init {

/// "warning  agent: TEXT" and an indented "-> ADVICE" for each.
std::string findings_text(const std::vector<Finding>& findings);

/// One JSON object with the findings, and what each agent said. README.md has its fields.
std::string findings_json(const std::vector<Finding>& findings, const DoctorFacts& facts);

}  // namespace init
