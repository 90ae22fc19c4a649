// SPDX-License-Identifier: MIT
#include "interop/session/guest_report.h"

#include <csignal>

#include <gtest/gtest.h>

#include "proto/wire/limits.h"
#include "proto/wire/report_rules.h"

namespace interop {
namespace {

using mzinit::v1::Report;
namespace limits = proto::limits;

TEST(GuestReport, PutsOneBlankBetweenTheWords) {
    const Report report = make_report({.machine = "guest", .words = {"/bin/sh", "-c", "", "a  b\n\xff"}});
    EXPECT_EQ(report.machine(), "guest");
    EXPECT_EQ(report.command(), "/bin/sh -c  a  b\n\xff");
}

TEST(GuestReport, SaysExitCodeOrSignal) {
    EXPECT_EQ(make_report({.words = {"x"}, .exit_code = 0}).how_case(), Report::kCode);
    EXPECT_EQ(make_report({.words = {"x"}, .exit_code = 255}).code(), 255u);
    EXPECT_EQ(make_report({.words = {"x"}, .signal = SIGTERM}).signal(), mzinit::v1::SIGNAL_TERM);
    EXPECT_EQ(make_report({.words = {"x"}, .signal = SIGSEGV}).signal(), mzinit::v1::SIGNAL_SEGV);
}

TEST(GuestReport, WritesASignalThatTheProtocolDoesNotHaveAsShellsDo) {
    const Report report = make_report({.words = {"x"}, .signal = SIGRTMIN + 1});
    ASSERT_EQ(report.how_case(), Report::kCode);
    EXPECT_EQ(report.code(), 128u + static_cast<unsigned>(SIGRTMIN) + 1);
}

TEST(GuestReport, CutsALongCommandLine) {
    const std::string longest(limits::max_reported_command_length, 'x');
    EXPECT_EQ(make_report({.words = {longest}}).command(), longest);
    EXPECT_EQ(make_report({.words = {longest, "y"}}).command(), longest);
    EXPECT_EQ(make_report({.words = {"y", longest}}).command(), ("y " + longest).substr(0, longest.size()));
    EXPECT_TRUE(proto::is_valid_report(make_report({.words = std::vector<std::string>(5000, "word")})));
}

TEST(GuestReport, MakesAMachineNameFitBetweenCharacters) {
    EXPECT_EQ(make_report({.machine = "caf\xe9", .words = {"x"}}).machine(), "caf\xEF\xBF\xBD");
    // 85 characters of three bytes are 255 bytes: the limit.
    const std::string replaced = make_report({.machine = "ab" + std::string(100, '\xe9'), .words = {"x"}}).machine();
    EXPECT_EQ(replaced.size(), 2u + 84 * 3);
    EXPECT_TRUE(replaced.ends_with("\xEF\xBF\xBD"));
}

}  // namespace
}  // namespace interop
