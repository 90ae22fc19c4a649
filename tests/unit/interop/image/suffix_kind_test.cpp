// SPDX-License-Identifier: MIT
#include "interop/image/suffix_kind.h"

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

TEST(BatchName, MakesABatchFileOfWhatNothingElseIsKnownOf) {
    for (const char* path : {"x.bat", "/a/X.BAT", "./x.y.cMd", "a b.cmd"}) {
        for (const char* head : {"@ech", "", "\xEF\xBB\xBF@", "#"}) {
            EXPECT_EQ(considered(path, head, 4).kind, ImageKind::batch) << path << head;
        }
    }
    EXPECT_EQ(considered("x.bat", "", 0).kind, ImageKind::batch);
    EXPECT_NE(describe(considered("x.bat", "@ech")).find("a batch file"), std::string::npos);
}

TEST(BatchName, IsTheEndOfTheNameOnly) {
    for (const char* path :
         {"bat", ".bat", "x.bat/y", "x.batx", "xbat", "x.bat.", "x.bat ", "x.bat:y", "x.ba", "cmd"}) {
        EXPECT_EQ(considered(path, "@ech").kind, ImageKind::not_mz) << path;
    }
}

TEST(BatchName, CountsLessThanContent) {
    EXPECT_EQ(considered("x.bat", "#!/bin/sh").kind, ImageKind::not_mz);
    EXPECT_EQ(considered("x.cmd",
                         "\x7F"
                         "ELF")
                  .kind,
              ImageKind::not_mz);
    EXPECT_EQ(consider_name({.kind = ImageKind::pe, .bits = 64}, "x.bat", "MZ", 100).kind, ImageKind::pe);
    EXPECT_EQ(consider_name({.kind = ImageKind::damaged, .detail = "y"}, "x.cmd", "MZ", 100).detail, "y");
}

TEST(BatchName, MakesNothingOfWhatCmdDoesNotRead) {
    for (const char* head : {"\xFF\xFE@", "\xFE\xFFx"}) {
        EXPECT_EQ(considered("x.bat", head).kind, ImageKind::not_mz);
        EXPECT_NE(describe(considered("x.bat", head)).find("UTF-16"), std::string::npos);
    }
}

}  // namespace
}  // namespace interop
