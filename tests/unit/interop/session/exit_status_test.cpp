// SPDX-License-Identifier: MIT
#include "interop/session/exit_status.h"

#include <gtest/gtest.h>

#include <csignal>

namespace interop {
namespace {

TEST(ExitStatus, KeepsTheLowByte) {
    EXPECT_EQ(map_exit_code(0, 0), (ExitAction{.code = 0}));
    EXPECT_EQ(map_exit_code(42, 0), (ExitAction{.code = 42}));
    EXPECT_EQ(map_exit_code(255, 0), (ExitAction{.code = 255}));
    EXPECT_EQ(map_exit_code(0x12345678, 0), (ExitAction{.code = 0x78}));
}

TEST(ExitStatus, NeverTurnsAFailureIntoSuccess) {
    EXPECT_EQ(map_exit_code(256, 0), (ExitAction{.code = 1}));
    EXPECT_EQ(map_exit_code(0x12345600, 0), (ExitAction{.code = 1}));
    EXPECT_EQ(map_exit_code(0x80000000, 0), (ExitAction{.code = 1}));
}

TEST(ExitStatus, CrashesBecomeSignals) {
    EXPECT_EQ(map_exit_code(0xC0000005, 0), (ExitAction{.signal = SIGSEGV}));
    EXPECT_EQ(map_exit_code(0xC00000FD, 0), (ExitAction{.signal = SIGSEGV}));
    EXPECT_EQ(map_exit_code(0xC000001D, 0), (ExitAction{.signal = SIGILL}));
    EXPECT_EQ(map_exit_code(0xC0000006, 0), (ExitAction{.signal = SIGBUS}));
    EXPECT_EQ(map_exit_code(0xC0000094, 0), (ExitAction{.signal = SIGFPE}));
    EXPECT_EQ(map_exit_code(0xC0000409, 0), (ExitAction{.signal = SIGABRT}));
    EXPECT_EQ(map_exit_code(0xE06D7363, 0), (ExitAction{.signal = SIGABRT}));
    EXPECT_EQ(map_exit_code(0x80000003, 0), (ExitAction{.signal = SIGTRAP}));
    EXPECT_EQ(map_exit_code(0xC000008C, 0), (ExitAction{.code = 0x8C})) << "just below the arithmetic codes";
}

TEST(ExitStatus, ControlCIsTheSignalThatWasForwarded) {
    EXPECT_EQ(map_exit_code(0xC000013A, 0), (ExitAction{.signal = SIGINT}));
    EXPECT_EQ(map_exit_code(0xC000013A, SIGTERM), (ExitAction{.signal = SIGTERM}));
    EXPECT_EQ(map_exit_code(3, SIGTERM), (ExitAction{.code = 3})) << "the program handled it and chose its own code";
}

TEST(ExitStatus, LoaderFailuresHaveWordsAndTheirOwnCodes) {
    EXPECT_EQ(map_exit_code(0xC0000135, 0), (ExitAction{.code = exit_code::not_found}));
    EXPECT_EQ(map_exit_code(0xC000007B, 0), (ExitAction{.code = exit_code::cannot_run}));
    EXPECT_NE(loader_failure(0xC0000135), nullptr);
    EXPECT_EQ(loader_failure(0xC0000005), nullptr);
}

TEST(ExitStatus, SignalsTranslateBothWays) {
    EXPECT_EQ(protocol_signal(SIGTERM), mzinit::v1::SIGNAL_TERM);
    EXPECT_EQ(protocol_signal(SIGSEGV), std::nullopt) << "clients do not send it";
    EXPECT_EQ(reported_signal(SIGSEGV), mzinit::v1::SIGNAL_SEGV);
    EXPECT_EQ(reported_signal(SIGRTMIN), std::nullopt);
    EXPECT_EQ(linux_signal(mzinit::v1::SIGNAL_XFSZ), SIGXFSZ);
    EXPECT_EQ(linux_signal(static_cast<mzinit::v1::SignalNumber>(999)), SIGKILL);
}

TEST(ExitStatus, EveryLaunchErrorHasTheCodeOfTheSpecification) {
    EXPECT_EQ(exit_code_for(mzinit::v1::LAUNCH_ERROR_NOT_FOUND), 127);
    EXPECT_EQ(exit_code_for(mzinit::v1::LAUNCH_ERROR_MISSING_LIBRARY), 127);
    for (int code = mzinit::v1::LAUNCH_ERROR_BAD_FORMAT; code <= mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY; ++code) {
        EXPECT_EQ(exit_code_for(static_cast<mzinit::v1::LaunchErrorCode>(code)), 126) << code;
    }
    EXPECT_EQ(exit_code_for(mzinit::v1::LAUNCH_ERROR_HOST_FAILURE), 125);
    EXPECT_EQ(exit_code_for(static_cast<mzinit::v1::LaunchErrorCode>(99)), 125);
}

TEST(ExitStatusDeathTest, DiesOfTheSignalItself) {
    EXPECT_EXIT(die_of_signal(SIGSEGV), testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace interop
