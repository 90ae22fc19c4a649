// SPDX-License-Identifier: MIT
#include "init/host_search_path.h"

#include <gtest/gtest.h>

namespace init {
namespace {

TEST(HostSearchPath, ComesAfterOurs) { EXPECT_EQ(with_host_directories("/bin:/sbin", "/c/win"), "/bin:/sbin:/c/win"); }

TEST(HostSearchPath, DoesNotTakeThePlaceOfTheUsualDirectories) {
    EXPECT_EQ(with_host_directories(nullptr, "/c/win:/c"), "/bin:/usr/bin:/c/win:/c");
}

TEST(HostSearchPath, EmptyPathStillMeansTheWorkingDirectory) {
    EXPECT_EQ(with_host_directories("", "/c/win"), ":/c/win");
}

}  // namespace
}  // namespace init
