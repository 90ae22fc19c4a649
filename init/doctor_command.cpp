// SPDX-License-Identifier: MIT
#include "init/doctor_command.h"

#include "init/doctor_findings.h"
#include "init/doctor_gathering.h"
#include "init/doctor_report.h"
#include "init/messages.h"

namespace init {

int run_doctor(const std::string& rule_name, const std::string& directory, DoctorFormat format) {
    const DoctorFacts facts = gather_facts(rule_name, directory);
    const std::vector<Finding> findings = diagnose(facts);
    print(format == DoctorFormat::json ? findings_json(findings, facts) : findings_text(findings));
    return has_problem(findings) ? 1 : 0;
}

}  // namespace init
