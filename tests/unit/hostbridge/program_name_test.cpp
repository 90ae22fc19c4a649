// SPDX-License-Identifier: MIT
#include "hostbridge/program_name.h"

#include <gmock/gmock.h>

namespace hostbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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
