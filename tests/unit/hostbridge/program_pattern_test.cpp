// SPDX-License-Identifier: MIT
#include "hostbridge/program_pattern.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

using interop::PathFlavour;

bool fits(std::string_view pattern, std::string_view path, PathFlavour flavour = PathFlavour::windows) {
    const auto parsed = ProgramPattern::parse(pattern, flavour);
    EXPECT_TRUE(parsed) << pattern;
    return parsed && parsed->matches(path);
}

TEST(ProgramPattern, KeepsAStarWithinAComponent) {
    EXPECT_TRUE(fits("C:\\Tools\\*.exe", "C:\\Tools\\a.exe"));
    EXPECT_TRUE(fits("C:\\*\\a*.exe", "C:\\Tools\\a.exe"));
    EXPECT_FALSE(fits("C:\\Tools\\*.exe", "C:\\Tools\\x\\a.exe"));
    EXPECT_FALSE(fits("C:\\Tools\\*", "C:\\Tools"));
}

TEST(ProgramPattern, CrossesComponentsByTwoStars) {
    for (const char* path : {"C:\\a.exe", "C:\\x\\a.exe", "C:\\x\\y\\a.exe"}) {
        EXPECT_TRUE(fits("C:\\**\\a.exe", path)) << path;
        EXPECT_TRUE(fits("**\\a.exe", path)) << path;
        EXPECT_TRUE(fits("C:\\**", path)) << path;
    }
    EXPECT_TRUE(fits("**/a.exe", "\\\\server\\share\\a.exe"));
    EXPECT_FALSE(fits("**/a.exe", "C:\\x\\ba.exe"));
    EXPECT_FALSE(fits("C:\\x\\**", "C:\\xy\\a.exe"));
}

TEST(ProgramPattern, StandsAQuestionMarkForOneCharacter) {
    EXPECT_TRUE(fits("C:/Program?Files/**", "C:\\Program Files\\a.exe"));
    EXPECT_FALSE(fits("C:/Program?Files/**", "C:\\Program\\Files\\a.exe"));
    EXPECT_FALSE(fits("C:/Program?Files/**", "C:\\ProgramFiles\\a.exe"));
}

TEST(ProgramPattern, IgnoresCaseOnWindowsOnly) {
    EXPECT_TRUE(fits("c:/\u00E4/X.exe", "C:\\\u00C4\\x.EXE"));
    EXPECT_TRUE(fits("/opt/x.exe", "/opt/x.exe", PathFlavour::posix));
    EXPECT_FALSE(fits("/opt/X.exe", "/opt/x.exe", PathFlavour::posix));
    EXPECT_FALSE(fits("/opt/**", "\\opt\\x.exe", PathFlavour::posix));
    EXPECT_TRUE(fits("/opt/?.exe", "/opt/\xFF.exe", PathFlavour::posix));
}

TEST(ProgramPattern, RefusesWhatNothingCanFit) {
    for (const char* text : {"cmd.exe", "C:cmd.exe", "\\cmd.exe", "C:\\x\\..\\y", "C:\\x.", "C:\\x:s", "C:\\\\x",
                             "C:\\x\\", "C:\\a**", "**", "C:\\", "\\\\", "", "\\\\?\\C:\\x|y"}) {
        EXPECT_FALSE(ProgramPattern::parse(text, PathFlavour::windows)) << text;
    }
    for (const char* text : {"x.exe", "/a/./b", "/a//b", "/", "C:/x"})
        EXPECT_FALSE(ProgramPattern::parse(text, PathFlavour::posix)) << text;
}

}  // namespace
}  // namespace hostbridge
