// SPDX-License-Identifier: MIT
#include "init/registration_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "init/embedded_interpreter.h"
#include "init/registration_settings.h"

namespace init {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

proto::Error error(int number) { return proto::errno_error(number, "do it"); }

// What a kernel answers that the tests cannot be run on.
TEST(RegistrationReport, MountFailureOfKernelWithoutBinfmtMiscIsExitStatusThree) {
    for (const int number : {ENODEV, ENOENT}) {
        const Refusal refusal = explain_mount_failure(error(number));
        EXPECT_EQ(static_cast<int>(refusal.status), 3);
        EXPECT_THAT(refusal.sentence, HasSubstr("this kernel has no binfmt_misc"));
    }
}

TEST(RegistrationReport, MountFailureOfOldKernelInUserNamespaceIsExitStatusThree) {
    const Refusal refusal = explain_mount_failure(error(EPERM));
    EXPECT_EQ(static_cast<int>(refusal.status), 3);
    EXPECT_THAT(refusal.sentence, HasSubstr("needs Linux 6.7"));
}

TEST(RegistrationReport, LackingPermissionIsExitStatusFour) {
    for (const int number : {EPERM, EACCES, EROFS})
        EXPECT_EQ(static_cast<int>(explain_failure(error(number)).status), 4);
    EXPECT_EQ(static_cast<int>(explain_failure(error(ENOMEM)).status), 1);
}

TEST(RegistrationReport, RejectedRuleSaysWhatKernelDidNotTake) {
    const BinfmtRule rule{.interpreter = "/init", .flags = "PF"};
    EXPECT_EQ(explain_rejected_rule(rule, error(EINVAL)).sentence, "this kernel does not accept flags PF");
    EXPECT_EQ(explain_rejected_rule(rule, error(ENOENT)).sentence, "interpreter /init does not exist");
    EXPECT_EQ(static_cast<int>(explain_rejected_rule(rule, error(EPERM)).status), 4);
}

TEST(RegistrationReport, OtherInterpreterIsNamed) {
    const Refusal refusal = explain_other_interpreter({.name = "mzinit", .interpreter = "/usr/bin/wine"});
    EXPECT_EQ(static_cast<int>(refusal.status), 6);
    EXPECT_THAT(refusal.sentence, StartsWith("rule mzinit exists for another interpreter, /usr/bin/wine"));
}

TableReport report_of(std::string interpreter) {
    return {.name = "mzinit",
            .is_mounted = true,
            .is_enabled = true,
            .rule = RegisteredRule{
                .name = "mzinit", .enabled = true, .interpreter = std::move(interpreter), .flags = "PF"}};
}

TEST(RegistrationReport, CopyOfInterpreterIsRecognised) {
    EXPECT_THAT(status_text(report_of("/proc/self/fd/5")), HasSubstr("embedded in memory"));
    EXPECT_THAT(status_json(report_of("/proc/self/fd/5")), HasSubstr("\"embedded\": \"memory\""));
    EXPECT_THAT(status_json(report_of("/var/lib/mzinit/interpreter.mzinit")), HasSubstr("\"embedded\": \"file\""));
    EXPECT_THAT(status_json(report_of("/init")), HasSubstr("\"embedded\": null"));
}

TEST(RegistrationReport, SwitchedOffIsSaidFirst) {
    auto report = report_of("/init");
    report.rule->enabled = false;
    EXPECT_THAT(status_text(report), StartsWith("switched off: "));
    report.is_enabled = false;
    EXPECT_THAT(status_text(report), StartsWith("switched off with all of binfmt_misc: "));
}

TEST(EmbeddedInterpreter, RefusesConfigurationWithKeyInIt) {
    EXPECT_TRUE(check_embeddable("[host]\nkey = /etc/mzinit/key\n").has_value());
    EXPECT_TRUE(check_embeddable("# " + std::string(63, 'a') + "\n").has_value());
    EXPECT_FALSE(check_embeddable("# " + std::string(64, 'a') + "\n").has_value());
    EXPECT_FALSE(check_embeddable("[host]\nkey = default " + std::string(64, '0') + "\n").has_value());
    EXPECT_FALSE(check_embeddable("[host]\nkey = default\n").has_value());
}

TEST(EmbeddedInterpreter, RefusesConfigurationThatCouldNotBeRead) {
    EXPECT_FALSE(check_embeddable("[host]\nendpoints = nowhere\n").has_value());
}

TEST(RegistrationSettings, AreThoseOfBoot) {
    const auto settings =
        parse_registration_settings("[boot]\ncommand = /x\nprotect_binfmt = yes\nembed_config = true\n");
    EXPECT_TRUE(settings.protect);
    EXPECT_TRUE(settings.embed_config);
    EXPECT_THAT(settings.warnings, IsEmpty());
    EXPECT_FALSE(parse_registration_settings("[host]\nprotect_binfmt = yes\n").protect);
    EXPECT_FALSE(parse_registration_settings("[boot]\nprotect_binfmt = no\n").protect);
}

TEST(RegistrationSettings, BadValueIsReportedAndIgnored) {
    const auto settings = parse_registration_settings("[boot]\nprotect_binfmt = perhaps\n");
    EXPECT_FALSE(settings.protect);
    EXPECT_THAT(settings.warnings,
                ::testing::ElementsAre("line 2: [boot] protect_binfmt = perhaps: neither yes nor no"));
}

}  // namespace
}  // namespace init
