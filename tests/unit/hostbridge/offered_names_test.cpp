// SPDX-License-Identifier: MIT
#include "hostbridge/offered_names.h"

#include <gmock/gmock.h>

namespace hostbridge {
namespace {

using interop::PathFlavour;
using testing::ElementsAre;
using testing::IsEmpty;

OfferedNames offered(PathFlavour flavour, std::initializer_list<const char*> names) {
    OfferedNames offered(flavour);
    for (const char* name : names) offered.add(name);
    return offered;
}

std::vector<std::string> all(const OfferedNames& names) { return names.starting_with("", 99); }

TEST(OfferedNamesTest, AreSortedAndThereOnce) {
    const auto names = offered(PathFlavour::posix, {"b.exe", "a.com", "b.exe", "B.exe"});
    EXPECT_THAT(all(names), ElementsAre("B.exe", "a.com", "b.exe"));
    EXPECT_EQ(names.size(), 3u);
}

TEST(OfferedNamesTest, OnWindowsTheCaseMakesNoDifferenceAndTheFirstIsKept) {
    const auto names = offered(PathFlavour::windows, {"b.exe", "A.com", "B.EXE", "a.cmd"});
    EXPECT_THAT(all(names), ElementsAre("a.cmd", "A.com", "b.exe"));
}

TEST(OfferedNamesTest, ThoseThatBeginSo) {
    const auto names = offered(PathFlavour::posix, {"clip.com", "Clip.exe", "cmd.exe"});
    EXPECT_THAT(names.starting_with("cl", 9), ElementsAre("clip.com"));
    EXPECT_THAT(names.starting_with("clip.com", 9), ElementsAre("clip.com"));
    for (const char* prefix : {"clip.com.", "d", "CL", "\xff", "../"}) {
        EXPECT_THAT(names.starting_with(prefix, 9), IsEmpty()) << prefix;
    }
}

TEST(OfferedNamesTest, OnWindowsThoseThatBeginSoInAnyCase) {
    const auto names = offered(PathFlavour::windows, {"Clip.exe", "cmd.exe", "clip.com", "\u00DCber.exe"});
    EXPECT_THAT(names.starting_with("CL", 9), ElementsAre("clip.com", "Clip.exe"));
    EXPECT_THAT(names.starting_with("\u00FC", 9), ElementsAre("\u00DCber.exe"));
}

TEST(OfferedNamesTest, TheFirstOnesIfThereAreTooMany) {
    const auto names = offered(PathFlavour::posix, {"d.exe", "b.exe", "a.exe", "c.exe"});
    EXPECT_THAT(names.starting_with("", 2), ElementsAre("a.exe", "b.exe"));
    EXPECT_THAT(names.starting_with("b", 2), ElementsAre("b.exe"));
}

TEST(OfferedNamesTest, NothingThatCouldNotBeAskedFor) {
    const auto names =
        offered(PathFlavour::windows, {"nul.exe", "a\nb.exe", "\xff.exe", "a:b.exe", "..", "", "a .exe"});
    EXPECT_THAT(all(names), ElementsAre("a .exe"));
}

}  // namespace
}  // namespace hostbridge
