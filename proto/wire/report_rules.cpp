// SPDX-License-Identifier: MIT
#include "proto/wire/report_rules.h"

#include "proto/wire/limits.h"

namespace proto {
namespace {

// Not the generated SignalNumber_IsValid: it knows SIGNAL_UNSPECIFIED, too.
bool is_signal(int number) { return number >= mzinit::v1::SIGNAL_INT && number <= mzinit::v1::SignalNumber_MAX; }

}  // namespace

bool is_valid_report(const mzinit::v1::Report& report) {
    using mzinit::v1::Report;
    return report.machine().size() <= limits::max_machine_name_length &&
           report.command().size() <= limits::max_reported_command_length && report.how_case() != Report::HOW_NOT_SET &&
           (report.how_case() != Report::kSignal || is_signal(report.signal()));
}

}  // namespace proto
