// SPDX-License-Identifier: MIT
#include "interop/image/com_name.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

ImageDescription considered(std::string_view path, std::string_view head, std::uint64_t size = 100) {
    return consider_name({}, path, head, size);
}

TEST(ComName, MakesADosProgramOfWhatNothingElseIsKnownOf) {
    for (const char* path : {"hello.com", "/a/HELLO.COM", "./x.y.CoM"}) {
        EXPECT_EQ(considered(path, "\xB4\x09").kind, ImageKind::dos) << path;
        EXPECT_EQ(considered(path, "\xB4\x09").bits, 16) << path;
    }
}

TEST(ComName, IsTheEndOfTheNameOnly) {
    for (const char* path : {"hello", "com", ".com", "a.com/b", "a.comx", "acom", ""}) {
        EXPECT_EQ(considered(path, "\xB4\x09").kind, ImageKind::not_mz) << path;
    }
}

TEST(ComName, CountsLessThanContent) {
    EXPECT_EQ(considered("a.com",
                         "\x7F"
                         "ELF")
                  .kind,
              ImageKind::not_mz);
    EXPECT_EQ(considered("a.com", "#!/bin/sh").kind, ImageKind::not_mz);
    EXPECT_EQ(consider_name({.kind = ImageKind::pe, .bits = 64}, "a.com", "MZ", 100).kind, ImageKind::pe);
    EXPECT_EQ(consider_name({.kind = ImageKind::damaged, .detail = "x"}, "a.com", "MZ", 100).detail, "x");
}

TEST(ComName, MakesNothingOfWhatDoesNotFit) {
    EXPECT_EQ(considered("a.com", "xy", largest_com_program).kind, ImageKind::dos);
    EXPECT_EQ(considered("a.com", "xy", largest_com_program + 1).kind, ImageKind::not_mz);
    EXPECT_EQ(considered("a.com", "", 0).kind, ImageKind::not_mz);
    EXPECT_NE(describe(considered("a.com", "", 0)).find("it is empty"), std::string::npos);
}

}  // namespace
}  // namespace interop
