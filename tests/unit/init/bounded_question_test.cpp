// SPDX-License-Identifier: MIT
#include "init/bounded_question.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace init {
namespace {

constexpr std::chrono::minutes long_enough{1};

TEST(BoundedQuestion, GivesTheAnswer) {
    const std::string large(std::size_t{1} << 20, '\0');
    EXPECT_EQ(ask_within(long_enough, [&] { return proto::Result<std::string>(large); }).value(), large);
    EXPECT_EQ(ask_within(long_enough, [] { return proto::Result<std::string>(""); }).value(), "");
}

TEST(BoundedQuestion, GivesTheReasonWhyThereIsNone) {
    const auto answer =
        ask_within(long_enough, []() -> proto::Result<std::string> { return proto::stated_error("nobody is there"); });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message(), "nobody is there");
}

TEST(BoundedQuestion, EndsAnAnswerThatDoesNotComeAndLeavesNobodyBehind) {
    const auto answer = ask_within(std::chrono::milliseconds(1), []() -> proto::Result<std::string> {
        while (true) ::pause();
    });
    EXPECT_FALSE(answer);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(BoundedQuestion, SaysIfTheProcessThatAskedHasDied) {
    const auto answer = ask_within(long_enough, []() -> proto::Result<std::string> { ::_exit(1); });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message(), "the process that asked has died");
}

TEST(BoundedQuestion, TakesNoPartOfAnAnswerForAll) {
    // As if it were killed after it had written some of it.
    const auto answer = ask_within(long_enough, []() -> proto::Result<std::string> {
        for (int fd = 3; fd < 256; ++fd) {
            struct stat status {};
            const bool is_its_own = ::fcntl(fd, F_GETFD) == FD_CLOEXEC;
            if (is_its_own && ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode)) {
                if (::write(fd, "Apart", 5) == 5) break;
            }
        }
        static_cast<void>(::raise(SIGKILL));
        ::_exit(0);
    });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message(), "the process that asked has died");
}

}  // namespace
}  // namespace init
