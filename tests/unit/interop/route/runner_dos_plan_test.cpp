// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_plan.h"

#include <gtest/gtest.h>

#include "interop/route/runner_dosbox.h"

namespace interop {
namespace {

bool always_unique(const std::string&, const std::string&) { return true; }

TEST(DosNames, AreEightAndThreeOfTheRightCharacters) {
    for (const char* name : {"A", "PROG.EXE", "prog.exe", "Readme", "12345678.123", "A-B_C~1.$$$", "X.C"}) {
        EXPECT_TRUE(is_short_name(name)) << name;
    }
    for (const char* name : {"", ".", "..", ".exe", "a.", "123456789.exe", "a.html", "a b.exe", "a.b.c", "a+b.exe",
                             "gr\xC3\xBC.exe", "a,b", "a[1].exe", "a=b"}) {
        EXPECT_FALSE(is_short_name(name)) << name;
    }
}

TEST(DosNames, OfDevicesNameNoFile) {
    for (const char* name : {"CON", "nul", "prn.exe", "Aux.txt", "COM1", "lpt9.com", "CLOCK$"}) {
        EXPECT_FALSE(is_short_name(name)) << name;
    }
    for (const char* name : {"CONS", "COM", "COM0", "COM10", "LPT"}) EXPECT_TRUE(is_short_name(name)) << name;
}

TEST(DosCommandTail, KeepsWhatAShellWouldTakeForItself) {
    EXPECT_EQ(*dos_command_tail({}), "");
    EXPECT_EQ(*dos_command_tail({"<x>|%PATH%", "/?"}), " <x>|%PATH% /?");
}

TEST(DosCommandTail, QuotesBlanksAndNothing) {
    EXPECT_EQ(*dos_command_tail({"a b", "", "c\td", "e"}), " \"a b\" \"\" \"c\td\" e");
}

TEST(DosCommandTail, HasAtMost126Bytes) {
    EXPECT_EQ(dos_command_tail({std::string(125, 'x')})->size(), 126);
    EXPECT_EQ(dos_command_tail({std::string(126, 'x')}).error().code, std::errc::argument_list_too_long);
    EXPECT_EQ(dos_command_tail({std::string(123, ' ')})->size(), 126);
    EXPECT_FALSE(dos_command_tail({std::string(124, ' ')}).has_value());
    EXPECT_FALSE(dos_command_tail(std::vector<std::string>(100, "ab")).has_value());
}

TEST(DosCommandTail, RefusesWhatWouldEndIt) {
    for (const std::string& argument : {std::string("a\rb"), std::string("\n"), std::string("a\0b", 3)}) {
        EXPECT_EQ(dos_command_tail({argument}).error().code, std::errc::invalid_argument);
    }
}

struct DriveCase {
    const char* program;
    const char* working;
    const char* c;
    const char* d;
    char current;
    const char* directory;
    const char* program_directory;
};

class DosDrivesTest : public testing::TestWithParam<DriveCase> {};

TEST_P(DosDrivesTest, CoverProgramAndWorkingDirectoryOnly) {
    const DriveCase& expected = GetParam();
    const DosDrives drives = plan_dos_drives(expected.program, expected.working, always_unique);
    EXPECT_EQ(drives.c, expected.c);
    EXPECT_EQ(drives.d, expected.d);
    EXPECT_EQ(drives.current, expected.current);
    EXPECT_EQ(drives.working_directory, expected.directory);
    EXPECT_EQ(drives.program_directory, expected.program_directory);
}

INSTANTIATE_TEST_SUITE_P(Layouts, DosDrivesTest,
                         testing::Values(DriveCase{"/a/b", "/a/b", "/a/b", "", 'C', "\\", "C:\\"},
                                         DriveCase{"/a/b", "/a/b/c/d", "/a/b", "", 'C', "\\C\\D", "C:\\"},
                                         DriveCase{"/a/b/c", "/a", "/a", "", 'C', "\\", "C:\\B\\C\\"},
                                         DriveCase{"/a/bc", "/a/b", "/a/bc", "/a/b", 'D', "\\", "C:\\"},
                                         DriveCase{"/", "/a", "/", "", 'C', "\\A", "C:\\"},
                                         DriveCase{"/a", "/", "/", "", 'C', "\\", "C:\\A\\"},
                                         DriveCase{"/", "/", "/", "", 'C', "\\", "C:\\"},
                                         DriveCase{"/a", "/a/long name", "/a", "/a/long name", 'D', "\\", "C:\\"},
                                         DriveCase{"/a/long.name", "/a", "/a/long.name", "/a", 'D', "\\", "C:\\"}));

TEST(DosDrives, AreTwoWhereNamesDifferInCaseOnly) {
    const auto drives = plan_dos_drives("/a", "/a/sub", [](const std::string& directory, const std::string& name) {
        EXPECT_EQ(directory, "/a");
        EXPECT_EQ(name, "sub");
        return false;
    });
    EXPECT_EQ(drives.d, "/a/sub");
}

TEST(DosDrives, AreTwoWhereThePathIsTooDeepForDos) {
    std::string deep = "/a";
    for (int i = 0; i < 8; ++i) deep += "/12345678";
    EXPECT_EQ(plan_dos_drives("/a", deep, always_unique).d, deep);
}

TEST(DosboxConfiguration, MountsNoDriveMoreThanPlanned) {
    const std::string one = dosbox_configuration({.c = "/a", .d = ""}, false);
    EXPECT_NE(one.find("mount c "), std::string::npos);
    EXPECT_EQ(one.find("mount d "), std::string::npos);
    EXPECT_NE(dosbox_configuration({.c = "/a", .d = "/b"}, false).find("mount d "), std::string::npos);
}

TEST(DosboxConfiguration, IsSecureBeforeAnythingOfTheUserRuns) {
    for (const bool interactive : {false, true}) {
        const std::string text = dosbox_configuration({.c = "/a", .d = "/b"}, interactive);
        const std::size_t secure = text.find("config -securemode\n");
        EXPECT_LT(text.rfind("mount "), secure);
        EXPECT_LT(secure, text.find("run.com"));
    }
}

TEST(DosboxConfiguration, HasNoPathOfOurs) {
    EXPECT_EQ(dosbox_configuration({.c = "/a \"%x", .d = "/b\n"}, false).find("/a"), std::string::npos);
}

}  // namespace
}  // namespace interop
