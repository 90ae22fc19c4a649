// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "interop/route/runner_dos_exec.h"

namespace interop {
namespace {

using Kind = DosEmulator::Kind;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

std::optional<DosEmulator> find_among(const std::set<std::string>& files, std::string_view path) {
    return find_dos_emulator([&](const std::string& file) { return files.contains(file); }, path);
}

TEST(FindDosEmulator, PrefersThoseThatNeedNoRelay) {
    const auto all = find_among({"/b/dosbox", "/b/emu2", "/c/dosemu"}, "/b:/c");
    ASSERT_TRUE(all);
    EXPECT_EQ(all->kind, Kind::dosemu2);
    EXPECT_EQ(all->path, "/c/dosemu");
    EXPECT_EQ(find_among({"/b/dosbox", "/b/emu2"}, "/b:/c")->kind, Kind::emu2);
    EXPECT_EQ(find_among({"/b/dosbox"}, "/a:/b")->path, "/b/dosbox");
    EXPECT_FALSE(find_among({"/b/dosbox"}, "/a:/c"));
}

TEST(DosCommand, OfDosemu2NamesDirectoryAndCommand) {
    const DosEmulator emulator{Kind::dosemu2, "/usr/bin/dosemu"};
    EXPECT_THAT(dos_command(emulator, "/d/sub/prog.exe", {}, " a \"b c\"", false).words,
                ElementsAre("/usr/bin/dosemu", "-dumb", "-q", "-K", "/d/sub", "-E", "prog.exe a \"b c\""));
    EXPECT_THAT(dos_command(emulator, "/a prog.exe", {}, "", true).words,
                ElementsAre("/usr/bin/dosemu", "-K", "/", "-E", "\"a prog.exe\""));
}

TEST(DosCommand, OfEmu2HasItsDrivesInTheEnvironment) {
    const DosEmulator emulator{Kind::emu2, "/usr/bin/emu2"};
    const DosDrives drives{
        .c = "/d/sub", .d = "/home", .current = 'D', .working_directory = "\\", .program_directory = "C:\\"};
    const DosCommand command = dos_command(emulator, "/d/sub/prog.exe", drives, " a b", false);
    EXPECT_THAT(command.words, ElementsAre("/usr/bin/emu2", "/d/sub/prog.exe", "a b"));
    EXPECT_THAT(command.environment, UnorderedElementsAre(Pair("EMU2_DRIVE_C", "/d/sub"), Pair("EMU2_DRIVE_D", "/home"),
                                                          Pair("EMU2_DEFAULT_DRIVE", "D"), Pair("EMU2_CWD", "D:\\"),
                                                          Pair("EMU2_PROGNAME", "C:\\PROG.EXE")));
}

}  // namespace
}  // namespace interop
