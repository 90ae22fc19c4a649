// SPDX-License-Identifier: MIT
#include "hostbridge/program_name.h"

#include <gmock/gmock.h>

namespace hostbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ProgramNameTest, TakesNamesOfFiles) {
    for (const auto* name :
         {"clip", "cmd.exe", "a b.exe", "Ünïcode.exe", "nul1.exe", "console.exe", "com10.exe", "lptx", "..a"}) {
        EXPECT_TRUE(is_program_name(name)) << name;
    }
    EXPECT_TRUE(is_program_name(std::string(longest_program_name, 'a')));
}

TEST(ProgramNameTest, RefusesPathsStreamsDevicesAndWhatWindowsWouldChange) {
    for (const auto* name : {"",
                             ".",
                             "..",
                             "a/b",
                             "a\\b",
                             "..\\cmd.exe",
                             "C:cmd.exe",
                             "cmd.exe:stream",
                             "cmd.exe::$DATA",
                             "cmd.exe.",
                             "cmd.exe ",
                             "a\"b",
                             "a*",
                             "a?",
                             "a|b",
                             "<",
                             ">",
                             "a\nb",
                             "\\\\?\\C:\\a.exe",
                             "\\\\server\\share\\a.exe",
                             "con",
                             "NUL",
                             "nul.exe",
                             "Aux.txt.exe",
                             "com1",
                             "COM0.exe",
                             "lpt9.com",
                             "com\u00B9",
                             "conin$",
                             "nul .exe"}) {
        EXPECT_FALSE(is_program_name(name)) << name;
    }
    EXPECT_FALSE(is_program_name(std::string_view("a\0b", 3)));
    EXPECT_FALSE(is_program_name(std::string(longest_program_name + 1, 'a')));
}

TEST(ProgramNameTest, KeepsOfPathextWhatCanBeStarted) {
    EXPECT_THAT(startable_extensions(".COM;.EXE;.BAT;.CMD;.VBS;.JS;.MSC"), ElementsAre(".com", ".exe", ".bat", ".cmd"));
    EXPECT_THAT(startable_extensions(".exe;;.PY;.EXE;.com"), ElementsAre(".exe", ".com"));
    EXPECT_THAT(startable_extensions(""), ElementsAre(".com", ".exe", ".bat", ".cmd"));
    EXPECT_THAT(startable_extensions(".VBS"), ElementsAre(".com", ".exe", ".bat", ".cmd"));
}

TEST(ProgramNameTest, ANameMayLackItsExtension) {
    EXPECT_THAT(candidate_names("clip", {".com", ".exe"}), ElementsAre("clip.com", "clip.exe"));
    EXPECT_THAT(candidate_names("Clip.EXE", {".com", ".exe"}), ElementsAre("Clip.EXE", "Clip.EXE.com", "Clip.EXE.exe"));
    EXPECT_THAT(candidate_names("python3.11", {".exe"}), ElementsAre("python3.11.exe"));
    EXPECT_THAT(candidate_names(".exe", {".exe"}), ElementsAre(".exe.exe"));
}

TEST(ProgramNameTest, SearchesOnlyAbsoluteDirectories) {
    EXPECT_THAT(
        search_directories(R"(C:\Windows;;.;bin;\rooted;D:relative;"C:\Program Files";\\server\share;c:/x)", ';'),
        ElementsAre(R"(C:\Windows)", R"(C:\Program Files)", R"(\\server\share)", "c:/x"));
    EXPECT_THAT(search_directories("/usr/bin:.::bin:/bin", ':'), ElementsAre("/usr/bin", "/bin"));
    EXPECT_THAT(search_directories("", ':'), IsEmpty());
}

}  // namespace
}  // namespace hostbridge
