// SPDX-License-Identifier: MIT
#include "init/init_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace init {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

InitOptions parsed(const std::vector<std::string>& arguments, ArgumentSource source = ArgumentSource::user) {
    const auto options = parse_init_options(arguments, source);
    EXPECT_TRUE(options.has_value());
    return options.value_or({});
}

TEST(InitOptions, CommandFollowsSeparator) {
    const InitOptions options = parsed({"--register", "--", "sh", "-c", "exit 3"});
    EXPECT_TRUE(options.register_rule);
    EXPECT_THAT(options.command, ElementsAre("sh", "-c", "exit 3"));
}

TEST(InitOptions, StopAtFirstOperand) {
    const InitOptions options = parsed({"-v", "sh", "-v", "--register"});
    EXPECT_FALSE(options.register_rule);
    EXPECT_EQ(options.verbosity, 1U);
    EXPECT_THAT(options.command, ElementsAre("sh", "-v", "--register"));
}

TEST(InitOptions, OnlyFirstSeparatorIsOurs) {
    EXPECT_THAT(parsed({"--", "--", "x"}).command, ElementsAre("--", "x"));
    EXPECT_THAT(parsed({"env", "--", "x"}).command, ElementsAre("env", "--", "x"));
}

TEST(InitOptions, LettersMayBeWrittenTogether) {
    EXPECT_EQ(parsed({"-vv", "-v", "x"}).verbosity, 3U);
    EXPECT_EQ(parsed({"--verbose", "x"}).verbosity, 1U);
}

TEST(InitOptions, NoCommandIsEmpty) {
    EXPECT_THAT(parsed({}).command, IsEmpty());
    EXPECT_THAT(parsed({"--register"}).command, IsEmpty());
    EXPECT_THAT(parsed({"--"}).command, IsEmpty());
}

TEST(InitOptions, UnknownOptionIsNamed) {
    for (const char* option : {"--regster", "-x", "-vx", "-", "--register=yes"}) {
        const auto options = parse_init_options({option, "sh"}, ArgumentSource::user);
        ASSERT_FALSE(options.has_value()) << option;
        EXPECT_EQ(options.error().doing, std::string("option ") + option + " is not known");
    }
}

TEST(InitOptions, KernelsOtherWordsAreSkipped) {
    const InitOptions options =
        parsed({"nosplash", "-vx", "--register", "debug", "/bin/sh", "-c", "x"}, ArgumentSource::kernel);
    EXPECT_TRUE(options.register_rule);
    EXPECT_EQ(options.verbosity, 0U);
    EXPECT_THAT(options.command, ElementsAre("/bin/sh", "-c", "x"));
    EXPECT_THAT(parsed({"single", "-"}, ArgumentSource::kernel).command, IsEmpty());
}

}  // namespace
}  // namespace init
