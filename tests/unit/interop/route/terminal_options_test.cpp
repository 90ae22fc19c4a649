// SPDX-License-Identifier: MIT
#include "interop/route/terminal_options.h"

#include <gtest/gtest.h>

namespace {

using interop::PtyMode;
using interop::TerminalOptions;

TEST(TerminalOptions, ModesHaveTheNamesOfTheOption) {
    EXPECT_EQ(interop::parse_pty_mode("auto"), PtyMode::automatic);
    EXPECT_EQ(interop::parse_pty_mode("always"), PtyMode::always);
    EXPECT_EQ(interop::parse_pty_mode("never"), PtyMode::never);
    for (const char* other : {"", "Auto", "yes", "auto ", "automatic"})
        EXPECT_FALSE(interop::parse_pty_mode(other)) << other;
}

TEST(TerminalOptions, ListsCountForMoreThanTheMode) {
    const TerminalOptions options{.mode = PtyMode::automatic, .always = {"always.exe"}, .never = {"never.exe"}};
    EXPECT_EQ(options.mode_for("/bin/always.exe"), PtyMode::always);
    EXPECT_EQ(options.mode_for("never.exe"), PtyMode::never);
    EXPECT_EQ(options.mode_for("/never.exe/other.exe"), PtyMode::automatic);
}

TEST(TerminalOptions, WhatIsInBothListsIsNever) {
    const TerminalOptions options{.mode = PtyMode::always, .always = {"x.exe"}, .never = {"x.exe"}};
    EXPECT_EQ(options.mode_for("x.exe"), PtyMode::never);
}

TEST(TerminalOptions, CapitalsDoNotMatterInNames) {
    const TerminalOptions options{.mode = PtyMode::automatic, .always = {"Setup.EXE"}, .never = {}};
    EXPECT_EQ(options.mode_for("/mnt/c/SETUP.exe"), PtyMode::always);
    EXPECT_EQ(options.mode_for("/mnt/c/setup.exe.bak"), PtyMode::automatic);
}

}  // namespace
