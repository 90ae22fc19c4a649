// SPDX-License-Identifier: MIT
#include "proto/wire/liveness.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

using namespace std::chrono_literals;
using Verdict = Liveness::Verdict;
constexpr Liveness::TimePoint start = Liveness::TimePoint(1000s);

TEST(Liveness, AsksAfterSilenceAndThenOncePerInterval) {
    Liveness liveness(start);
    EXPECT_EQ(liveness.check(start + 14s), Verdict::alive);
    EXPECT_EQ(liveness.check(start + 15s), Verdict::send_ping);
    EXPECT_EQ(liveness.check(start + 16s), Verdict::alive);
    EXPECT_EQ(liveness.check(start + 30s), Verdict::send_ping);
}

TEST(Liveness, GivesAPeerUpThatStaysSilent) {
    Liveness liveness(start);
    EXPECT_EQ(liveness.check(start + 44s), Verdict::send_ping);
    EXPECT_EQ(liveness.check(start + 45s), Verdict::lost);
}

TEST(Liveness, StartsAgainWhenSomethingIsHeard) {
    Liveness liveness(start);
    liveness.heard(start + 40s);
    EXPECT_EQ(liveness.check(start + 45s), Verdict::alive);
    EXPECT_EQ(liveness.check(start + 55s), Verdict::send_ping);
    EXPECT_EQ(liveness.check(start + 84s), Verdict::send_ping);
    EXPECT_EQ(liveness.check(start + 85s), Verdict::lost);
}

TEST(Liveness, NamesTheTimeOfTheNextChange) {
    Liveness liveness(start);
    for (int changes = 0;; ++changes) {
        const auto next = liveness.next_check();
        EXPECT_EQ(liveness.check(next - 1ms), Verdict::alive);
        const auto verdict = liveness.check(next);
        if (verdict == Verdict::lost) {
            EXPECT_EQ(next, start + 45s);
            EXPECT_EQ(changes, 2);
            break;
        }
        EXPECT_EQ(verdict, Verdict::send_ping);
        ASSERT_LT(changes, 10);
    }
}

TEST(AppendPong, AnswersWithTheSameToken) {
    std::string output;
    ASSERT_TRUE(append_pong(output, 0xFFFFFFFFFFFFFFFF, 0));
    EXPECT_EQ(frames_in(output).at(0).control().pong().token(), 0xFFFFFFFFFFFFFFFFu);
}

TEST(AppendPong, StopsAnsweringWhoDoesNotRead) {
    std::string output(limits::max_control_length + 1000, 'x');
    EXPECT_TRUE(append_pong(output, 1, 1000));
    EXPECT_EQ(append_pong(output, 1, 1000).error().code, PeerFault::flooding);
}

}  // namespace
}  // namespace proto
