// SPDX-License-Identifier: MIT
#include "interop/session/terminal_choice.h"

#include <gtest/gtest.h>

namespace {

using interop::choose_terminal_streams;
using interop::PtyMode;
using interop::StreamTerminals;

constexpr unsigned here = 34816;
constexpr unsigned elsewhere = 34817;
constexpr std::nullopt_t file = std::nullopt;

constexpr StreamTerminals in_foreground(std::optional<unsigned> input, std::optional<unsigned> output,
                                        std::optional<unsigned> error) {
    return {.device = {input, output, error}, .in_foreground = true};
}

TEST(TerminalChoice, InputAndOutputOnOneTerminalAreEnough) {
    EXPECT_EQ(choose_terminal_streams(PtyMode::automatic, in_foreground(here, here, here)), 7u);
    EXPECT_EQ(choose_terminal_streams(PtyMode::automatic, in_foreground(here, here, file)), 3u);
    EXPECT_EQ(choose_terminal_streams(PtyMode::automatic, in_foreground(here, here, elsewhere)), 3u);
}

TEST(TerminalChoice, AnythingLessIsNoTerminal) {
    for (const auto& terminals :
         {in_foreground(here, file, here), in_foreground(file, here, here), in_foreground(here, elsewhere, here),
          in_foreground(file, file, here), in_foreground(file, file, file)}) {
        EXPECT_EQ(choose_terminal_streams(PtyMode::automatic, terminals), 0u);
    }
}

TEST(TerminalChoice, InTheBackgroundThereIsNone) {
    StreamTerminals terminals = in_foreground(here, here, here);
    terminals.in_foreground = false;
    EXPECT_EQ(choose_terminal_streams(PtyMode::automatic, terminals), 0u);
}

TEST(TerminalChoice, NeverIsNever) {
    EXPECT_EQ(choose_terminal_streams(PtyMode::never, in_foreground(here, here, here)), 0u);
}

TEST(TerminalChoice, AlwaysNeedsNoTerminalOfOurs) {
    EXPECT_EQ(choose_terminal_streams(PtyMode::always, StreamTerminals{}), 3u);
    EXPECT_EQ(choose_terminal_streams(PtyMode::always, in_foreground(file, here, here)), 7u);
    EXPECT_EQ(choose_terminal_streams(PtyMode::always, in_foreground(here, file, here)), 3u);
}

}  // namespace
