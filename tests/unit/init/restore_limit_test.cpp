// SPDX-License-Identifier: MIT
#include "init/restore_limit.h"

#include <gtest/gtest.h>

namespace init {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = RestoreLimit::Verdict;

class RestoreLimitTest : public ::testing::Test {
  protected:
    Verdict lost_at(std::chrono::nanoseconds time) { return limit.rule_lost(start + time); }
    void lose_most_at(std::chrono::nanoseconds time) {
        for (std::size_t i = 0; i < RestoreLimit::most; ++i) EXPECT_EQ(lost_at(time), Verdict::restore);
    }

    RestoreLimit::Time start = RestoreLimit::Time(seconds(100000));
    RestoreLimit limit;
};

TEST_F(RestoreLimitTest, RestoresFiveInAMinuteAndThenWaits) {
    lose_most_at(seconds(0));
    EXPECT_EQ(lost_at(seconds(1)), Verdict::start_waiting);
    EXPECT_EQ(limit.next_chance(), start + RestoreLimit::span);
}

TEST_F(RestoreLimitTest, SaysOnceThatItWaits) {
    lose_most_at(seconds(0));
    EXPECT_EQ(lost_at(seconds(1)), Verdict::start_waiting);
    EXPECT_EQ(lost_at(seconds(2)), Verdict::go_on_waiting);
    EXPECT_EQ(lost_at(milliseconds(59999)), Verdict::go_on_waiting);
}

TEST_F(RestoreLimitTest, RestoresAgainWhenTheMinuteHasPassed) {
    lose_most_at(seconds(0));
    EXPECT_EQ(lost_at(seconds(1)), Verdict::start_waiting);
    EXPECT_EQ(lost_at(seconds(60)), Verdict::restore);
}

TEST_F(RestoreLimitTest, CountsAnyMinuteNotEveryMinute) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(lost_at(seconds(10 * i)), Verdict::restore);
    EXPECT_EQ(lost_at(seconds(59)), Verdict::start_waiting);
    EXPECT_EQ(lost_at(seconds(60)), Verdict::restore);
    EXPECT_EQ(lost_at(seconds(61)), Verdict::start_waiting);
    EXPECT_EQ(limit.next_chance(), start + seconds(70));
}

TEST_F(RestoreLimitTest, RestoresForEverWhatIsLostNowAndThen) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(lost_at(seconds(12 * i)), Verdict::restore);
}

}  // namespace
}  // namespace init
