// SPDX-License-Identifier: MIT
#include "interop/text/windows_file_name.h"

#include <gtest/gtest.h>

#include <string>

namespace interop {
namespace {

TEST(WindowsFileName, IsTheNameOfAFile) {
    for (const auto* name :
         {"clip", "cmd.exe", "a b.exe", "Ünïcode.exe", "nul1.exe", "console.exe", "com10.exe", "lptx", "..a"}) {
        EXPECT_TRUE(is_windows_file_name(name)) << name;
    }
    EXPECT_TRUE(is_windows_file_name(std::string(longest_windows_file_name, 'a')));
}

TEST(WindowsFileName, IsNoPathStreamDeviceOrWhatWindowsWouldChange) {
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
        EXPECT_FALSE(is_windows_file_name(name)) << name;
    }
    EXPECT_FALSE(is_windows_file_name(std::string_view("a\0b", 3)));
    EXPECT_FALSE(is_windows_file_name("not UTF-8 \xE9.exe"));
    EXPECT_FALSE(is_windows_file_name(std::string(longest_windows_file_name + 1, 'a')));
}

TEST(WindowsFileName, IsTheSameInAPathOfLinux) {
    for (const auto* path : {"/", "/a/b.exe", "./a", "../a/./b", "/a:b", "/\u00FC/b", "/a .b/c"}) {
        EXPECT_TRUE(names_same_file_for_wine(path)) << path;
    }
    for (const auto* path :
         {"/a\\b", "/a./b", "/a/b ", "/a?/b", "/a*", "/\"a", "/a|b/c", "/<", "/>/a", "/a\tb", "/a\n/b"}) {
        EXPECT_FALSE(names_same_file_for_wine(path)) << path;
    }
}

TEST(WindowsFileName, IsComparedWithoutCase) {
    EXPECT_EQ(windows_comparison_form("Library.DLL"), windows_comparison_form("LIBRARY.dll"));
    EXPECT_EQ(windows_comparison_form("äö.dll"), windows_comparison_form("ÄÖ.dll"));
    EXPECT_NE(windows_comparison_form("a.dll"), windows_comparison_form("a.dl"));
    EXPECT_NE(windows_comparison_form("ss.dll"), windows_comparison_form("ß.dll"));
    EXPECT_EQ(windows_comparison_form("\xFF"), u"");
}

}  // namespace
}  // namespace interop
