// SPDX-License-Identifier: MIT
#include "init/machine/console_session.h"

#include <gtest/gtest.h>

namespace {

using Words = std::vector<std::string>;

TEST(ConsoleSession, ShellWithoutCommandOrScriptIsForAPerson) {
    for (const Words& words : {Words{}, Words{"sh"}, Words{"/bin/bash", "-l"}, Words{"zsh", "-i", "+x"},
                               Words{"/bin/bash", "--norc", "--noprofile"}, Words{"/bin/dash", "-ei"}}) {
        EXPECT_TRUE(init::is_interactive_shell(words)) << testing::PrintToString(words);
    }
}

TEST(ConsoleSession, ShellWithACommandOrAScriptIsNot) {
    for (const Words& words : {Words{"sh", "-c", "exit 3"}, Words{"/bin/bash", "-lc", "x"}, Words{"bash", "/boot.sh"},
                               Words{"bash", "-x", "script"}, Words{"sh", "-c"}}) {
        EXPECT_FALSE(init::is_interactive_shell(words)) << testing::PrintToString(words);
    }
}

TEST(ConsoleSession, OtherProgramsAreNoShells) {
    EXPECT_FALSE(init::is_interactive_shell({"/usr/bin/app"}));
    EXPECT_FALSE(init::is_interactive_shell({"/bin/busybox", "sh"}));
    EXPECT_FALSE(init::is_interactive_shell({""}));
}

}  // namespace
