// SPDX-License-Identifier: MIT
#include "proto/wire/terminal_rules.h"

#include <gtest/gtest.h>

namespace {

using mzinit::v1::LaunchReply;

LaunchReply reply(mzinit::v1::TerminalKind kind, std::uint32_t relayed_streams) {
    LaunchReply answer;
    answer.set_terminal(kind);
    answer.set_relayed_streams(relayed_streams);
    return answer;
}

TEST(TerminalRules, InputAndOutputAreTheTerminalTogetherOrNotAtAll) {
    for (std::uint32_t streams = 0; streams < 16; ++streams) {
        EXPECT_EQ(proto::is_terminal_request(streams), streams == 0 || streams == 3 || streams == 7) << streams;
    }
    EXPECT_FALSE(proto::is_terminal_request(0x80000003));
}

TEST(TerminalRules, AnyStreamsAreAnAnswerWithoutATerminal) {
    for (const std::uint32_t asked : {0u, 3u, 7u}) {
        for (std::uint32_t relayed = 0; relayed < 8; ++relayed) {
            EXPECT_TRUE(proto::is_answer_to_terminal_request(reply(mzinit::v1::TERMINAL_KIND_NONE, relayed), asked));
        }
    }
}

TEST(TerminalRules, TerminalIsAnAnswerOnlyToWhomAskedForOne) {
    for (const auto kind : {mzinit::v1::TERMINAL_KIND_POSIX, mzinit::v1::TERMINAL_KIND_WINDOWS}) {
        EXPECT_FALSE(proto::is_answer_to_terminal_request(reply(kind, 3), 0));
        EXPECT_TRUE(proto::is_answer_to_terminal_request(reply(kind, 3), 3));
        EXPECT_TRUE(proto::is_answer_to_terminal_request(reply(kind, 7), 3));
        EXPECT_TRUE(proto::is_answer_to_terminal_request(reply(kind, 3), 7));
    }
}

TEST(TerminalRules, TerminalCarriesInputAndOutputAndTheErrorThatIsPartOfIt) {
    for (const std::uint32_t relayed : {0u, 1u, 2u, 4u, 5u, 6u}) {
        EXPECT_FALSE(proto::is_answer_to_terminal_request(reply(mzinit::v1::TERMINAL_KIND_POSIX, relayed), 3))
            << relayed;
    }
    EXPECT_FALSE(proto::is_answer_to_terminal_request(reply(mzinit::v1::TERMINAL_KIND_POSIX, 7), 7));
}

TEST(TerminalRules, UnknownKindIsNoAnswer) {
    EXPECT_FALSE(proto::is_answer_to_terminal_request(reply(static_cast<mzinit::v1::TerminalKind>(3), 3), 3));
}

}  // namespace
