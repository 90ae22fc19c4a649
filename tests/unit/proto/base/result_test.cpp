// SPDX-License-Identifier: MIT
#include "proto/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace proto {
namespace {

TEST(Result, HoldsAValue) {
    Result<std::string> result(std::string("value"));
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, "value");
    EXPECT_EQ(result->size(), 5u);
    EXPECT_EQ(result.value_or("other"), "value");
}

TEST(Result, HoldsAnError) {
    const Result<std::string> result(errno_error(ENOENT, "open x"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, std::errc::no_such_file_or_directory);
    EXPECT_EQ(result.value_or("other"), "other");
}

TEST(Result, HandsOverAValueThatCannotBeCopied) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
    const std::unique_ptr<int> taken = *std::move(result);
    EXPECT_EQ(*taken, 7);
    EXPECT_EQ(*Result(std::make_unique<int>(8)).value_or(nullptr), 8);
}

TEST(Result, OfNothingSucceedsByDefault) {
    EXPECT_TRUE(Result<void>());
    EXPECT_FALSE(Result<void>(peer_error(PeerFault::silent, "")));
}

#if GTEST_HAS_DEATH_TEST
TEST(ResultDeathTest, AskingAnErrorForItsValueIsOurBug) {
    Result<int> result(peer_error(PeerFault::silent, ""));
    EXPECT_DEATH(static_cast<void>(result.value()), "check failed: has_value");
}

TEST(CheckDeathTest, SaysWhereAndWhat) {
    // No brackets: the matcher of GoogleTest for Windows does not know them.
    EXPECT_DEATH(CHECK(1 + 1 == 3), "result_test.cpp:.+: check failed: 1 .+ 1 == 3");
}

TEST(CheckDeathTest, AsksTheHandlerThatWasSet) {
    EXPECT_DEATH(
        {
            set_check_handler(
                [](const char*, int, const char* text) noexcept { std::fprintf(stderr, "handled %s", text); });
            CHECK(false);
        },
        "handled false");
}
#endif

}  // namespace
}  // namespace proto
