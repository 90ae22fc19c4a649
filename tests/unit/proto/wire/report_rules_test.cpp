// SPDX-License-Identifier: MIT
#include "proto/wire/report_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/wire/limits.h"

namespace proto {
namespace {

using mzinit::v1::Report;

Report report_of_code(std::uint32_t code) {
    Report report;
    report.set_code(code);
    return report;
}

Report report_of_signal(int number) {
    Report report;
    report.set_signal(static_cast<mzinit::v1::SignalNumber>(number));
    return report;
}

TEST(ReportRules, AcceptsEveryCodeAndEverySignalThatHasANumber) {
    EXPECT_TRUE(is_valid_report(report_of_code(0)));
    EXPECT_TRUE(is_valid_report(report_of_code(0xFFFFFFFF)));
    for (int number = 1; number <= 20; ++number) EXPECT_TRUE(is_valid_report(report_of_signal(number))) << number;
}

TEST(ReportRules, RefusesUnknownSignals) {
    for (const int number : {-1, 0, 21, 1 << 20}) EXPECT_FALSE(is_valid_report(report_of_signal(number))) << number;
}

TEST(ReportRules, RefusesAReportWithoutAStatus) {
    Report report;
    report.set_machine("guest");
    report.set_command("/bin/sh");
    EXPECT_FALSE(is_valid_report(report));
}

TEST(ReportRules, AcceptsTextsUpToTheirLimitsAndNoByteMore) {
    Report report = report_of_code(1);
    report.set_machine(std::string(limits::max_machine_name_length, 'm'));
    report.set_command(std::string(limits::max_reported_command_length, '\xff'));
    EXPECT_TRUE(is_valid_report(report));
    Report longer = report;
    longer.mutable_machine()->push_back('m');
    EXPECT_FALSE(is_valid_report(longer));
    longer = report;
    longer.mutable_command()->push_back('c');
    EXPECT_FALSE(is_valid_report(longer));
}

}  // namespace
}  // namespace proto
