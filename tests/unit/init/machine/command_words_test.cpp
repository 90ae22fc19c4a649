// SPDX-License-Identifier: MIT
#include "init/machine/command_words.h"

#include <gtest/gtest.h>

namespace init {
namespace {

using Words = std::vector<std::string>;

Words shell_for(const std::string& line) { return {"/bin/sh", "-c", line}; }

TEST(CommandWords, PlainLineIsSplitAtBlanks) {
    EXPECT_EQ(command_words("/bin/app"), Words{"/bin/app"});
    EXPECT_EQ(command_words("app -v --name x/y.z,1:2 @a +b"), (Words{"app", "-v", "--name", "x/y.z,1:2", "@a", "+b"}));
    EXPECT_EQ(command_words("a  b\t \tc"), (Words{"a", "b", "c"}));
}

TEST(CommandWords, BlanksAroundTheLineDoNotCount) {
    EXPECT_EQ(command_words("  a b \r\n"), (Words{"a", "b"}));
    EXPECT_EQ(command_words(" \t a; b \n"), shell_for("a; b"));
}

TEST(CommandWords, EmptyLineHasNone) {
    for (const char* line : {"", " ", "\t \r\n"}) EXPECT_EQ(command_words(line), Words{}) << line;
}

TEST(CommandWords, WhatIsSpecialToAShellIsLeftToOne) {
    for (const char* line :
         {"a; b",      "a | b", "a & b", "a > b", "a < b", "(a)", "{ a; }", "a $b",  "a `b`", "a 'b c'",
          "a \"b c\"", "a \\b", "a *",   "a ?",   "a [b]", "a ~", "! a",    "a # b", "a ^ b", "a\nb"}) {
        EXPECT_EQ(command_words(line), shell_for(line)) << line;
    }
}

TEST(CommandWords, VariableBeforeTheCommandIsLeftToAShell) {
    EXPECT_EQ(command_words("A=1 app"), shell_for("A=1 app"));
    EXPECT_EQ(command_words("A=1 B=2 app x=y"), shell_for("A=1 B=2 app x=y"));
}

TEST(CommandWords, EqualsSignInAnArgumentNeedsNoShell) {
    EXPECT_EQ(command_words("app --port=80 x=y"), (Words{"app", "--port=80", "x=y"}));
    EXPECT_EQ(command_words("date +%s"), (Words{"date", "+%s"}));
}

TEST(CommandWords, CommandOfTheShellItselfIsLeftToIt) {
    for (const char* line : {"exec app -v", ". /etc/rc.local", "eval app", ": nothing", "exit 3"}) {
        EXPECT_EQ(command_words(line), shell_for(line)) << line;
    }
    EXPECT_EQ(command_words("executor exec . exit"), (Words{"executor", "exec", ".", "exit"}));
}

TEST(CommandWords, BytesAboveAsciiAreNothingSpecial) {
    EXPECT_EQ(command_words("/bin/\xC3\xA4 \xFF"), (Words{"/bin/\xC3\xA4", "\xFF"}));
}

}  // namespace
}  // namespace init
