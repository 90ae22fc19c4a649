// SPDX-License-Identifier: MIT
#include "hostbridge/patience.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <numeric>
#include <vector>

namespace hostbridge {
namespace {

using namespace std::chrono_literals;

class PatienceTest : public testing::Test {
  protected:
    /// Fails with EBUSY so often, then with `then`; 0 is success.
    proto::Result<void> attempt(std::size_t busy, int then) {
        std::size_t attempts = 0;
        return attempt_patiently(
            [&]() -> proto::Result<void> {
                const int number = attempts++ < busy ? EBUSY : then;
                if (number != 0) return proto::errno_error(number, "try");
                return {};
            },
            [](const proto::Error& error) { return error.code.value() == EBUSY; },
            [this](std::chrono::milliseconds pause) { pauses_.push_back(pause); });
    }

    std::vector<std::chrono::milliseconds> pauses_;
};

TEST_F(PatienceTest, DoesNotWaitWhereNothingIsInTheWay) {
    EXPECT_TRUE(attempt(0, 0));
    EXPECT_TRUE(pauses_.empty());
}

TEST_F(PatienceTest, TriesAgainUntilItSucceeds) {
    EXPECT_TRUE(attempt(3, 0));
    EXPECT_EQ(pauses_.size(), 3u);
}

TEST_F(PatienceTest, DoesNotWaitForWhatWillNotChange) {
    EXPECT_EQ(attempt(1, ENOENT).error().code.value(), ENOENT);
    EXPECT_EQ(pauses_.size(), 1u);
}

TEST_F(PatienceTest, EndsAfterAboutASecond) {
    EXPECT_EQ(attempt(1000, 0).error().code.value(), EBUSY);
    const auto total = std::accumulate(pauses_.begin(), pauses_.end(), 0ms);
    EXPECT_GE(total, 1s);
    EXPECT_LE(total, 2s);
}

}  // namespace
}  // namespace hostbridge
