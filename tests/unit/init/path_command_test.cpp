// SPDX-License-Identifier: MIT
#include "init/path_command.h"

#include <gtest/gtest.h>

#include "init/personality.h"

namespace init {
namespace {

using Mode = interop::PathQuestion::Mode;
using Words = std::vector<std::string>;

interop::PathQuestion question_of(const Words& words) {
    const auto options = parse_path_options(words);
    EXPECT_TRUE(options) << words.front();
    return options ? options->question : interop::PathQuestion();
}

std::string problem_of(const Words& words) {
    const auto options = parse_path_options(words);
    return options ? "none" : options.error().message();
}

TEST(PathCommand, TranslatesTowardsTheGuestIfNothingElseIsSaid) {
    const auto question = question_of({"C:\\x"});
    EXPECT_EQ(question.mode, Mode::to_guest);
    EXPECT_EQ(question.path, "C:\\x");
    EXPECT_FALSE(question.absolute || question.idempotent);
}

TEST(PathCommand, TakesOptionsInAnyOrder) {
    for (const Words& words :
         {Words{"-a", "-w", "x"}, {"-w", "-a", "x"}, {"-aw", "x"}, {"-wa", "x"}, {"x", "-wa"}, {"-w", "x", "-a"}}) {
        const auto question = question_of(words);
        EXPECT_EQ(question.mode, Mode::to_host);
        EXPECT_TRUE(question.absolute);
        EXPECT_EQ(question.path, "x");
    }
    EXPECT_EQ(question_of({"-u", "x"}).mode, Mode::to_guest);
    EXPECT_EQ(question_of({"-m", "x"}).mode, Mode::to_mixed);
    EXPECT_TRUE(question_of({"--idempotent", "x"}).idempotent);
}

TEST(PathCommand, EndsOptionsAtTwoDashes) {
    EXPECT_EQ(question_of({"--", "-w"}).path, "-w");
    EXPECT_EQ(question_of({"-w", "--", "--"}).path, "--");
    EXPECT_EQ(question_of({"-"}).path, "-");
    EXPECT_EQ(question_of({""}).path, "");
}

TEST(PathCommand, WantsExactlyOnePathAndOneMode) {
    EXPECT_EQ(problem_of({}), "no path was given");
    EXPECT_EQ(problem_of({"-w"}), "no path was given");
    EXPECT_EQ(problem_of({"a", "b"}), "only one path can be translated");
    EXPECT_EQ(problem_of({"--", "a", "-w"}), "only one path can be translated");
    for (const Words& words : {Words{"-uw", "x"}, {"-w", "-m", "x"}, {"-w", "-w", "x"}}) {
        EXPECT_EQ(problem_of(words), "only one of -u, -w and -m can be given");
    }
}

TEST(PathCommand, RefusesOptionsThatItDoesNotKnow) {
    EXPECT_EQ(problem_of({"-x", "p"}), "option -x is not known");
    EXPECT_EQ(problem_of({"-wx", "p"}), "option -x is not known");
    EXPECT_EQ(problem_of({"--absolute", "p"}), "option --absolute is not known");
}

TEST(PathCommand, AnswersForHelpWithoutAPath) {
    for (const Words& words : {Words{"--help"}, {"-h"}, {"-wh"}, {"x", "--help"}}) {
        const auto options = parse_path_options(words);
        ASSERT_TRUE(options);
        EXPECT_TRUE(options->wants_help);
    }
}

TEST(PathCommand, IsKnownByItsNames) {
    EXPECT_EQ(path_command_name("wslpath"), "wslpath");
    EXPECT_EQ(path_command_name("/usr/bin/mzpath"), "mzpath");
    for (const char* name : {"", "mzinit", "wslpath/", "/wslpath/x", "xwslpath", "WSLPATH"})
        EXPECT_EQ(path_command_name(name), "") << name;
}

}  // namespace
}  // namespace init
