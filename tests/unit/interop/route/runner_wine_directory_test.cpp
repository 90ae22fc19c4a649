// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_directory.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

// Of so many bytes.
std::string directory_of(std::size_t size) {
    std::string path = "/deep/down";
    while (path.size() + 101 < size) path += "/" + std::string(99, 'x');
    return path + "/" + std::string(size - path.size() - 1, 'y');
}

bool can_start(const std::string& directory, const std::vector<WineDrive>& drives) {
    return wine_can_start_in(directory, drives);
}

TEST(WineDirectory, MayHave258CharactersWithItsDrive) {
    const std::vector<WineDrive> root{{'Z', "/"}};
    EXPECT_TRUE(can_start("/", root));
    EXPECT_TRUE(can_start(directory_of(256), root));
    EXPECT_FALSE(can_start(directory_of(257), root));
    EXPECT_FALSE(can_start(directory_of(4000), root));
}

TEST(WineDirectory, IsNamedByTheDriveThatLeadsClosest) {
    const std::vector<WineDrive> drives{{'D', "/deep/down"}, {'Y', "/deep"}, {'Z', "/"}, {'K', "/deep/dow"}};
    EXPECT_TRUE(can_start("/deep/down", drives));
    EXPECT_TRUE(can_start(directory_of(266), drives));
    EXPECT_FALSE(can_start(directory_of(267), drives));
}

TEST(WineDirectory, HasALongerNameWhereNoDriveLeads) {
    const std::vector<WineDrive> elsewhere{{'C', "/home/user/.wine/drive_c"}};
    EXPECT_TRUE(can_start(directory_of(250), elsewhere));
    EXPECT_FALSE(can_start(directory_of(251), elsewhere));
}

TEST(WineDirectory, HasTheNamesThatWineLooksFor) {
    const std::vector<WineDrive> root{{'Z', "/"}};
    for (const char* path : {"/a.b", "/.a/b", "/ a", "/a b/c"}) EXPECT_TRUE(can_start(path, root)) << path;
    for (const char* path : {"/a.", "/a ", "/a./b", "/a /b", "/a/...", "/a\\b"})
        EXPECT_FALSE(can_start(path, root)) << path;
}

TEST(WineDirectory, IsCountedInUtf16) {
    const std::vector<WineDrive> root{{'Z', "/"}};
    std::string path;
    for (int i = 0; i < 128; ++i) path += "/\xC3\xA4";  // a with diaeresis
    EXPECT_TRUE(can_start(path, root));
    EXPECT_FALSE(can_start(path + "x", root));
}

}  // namespace
}  // namespace interop
