// SPDX-License-Identifier: MIT
#include "hostbridge/child_process_win.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

bool has(DWORD flags, DWORD flag) { return (flags & flag) == flag; }

TEST(CreationFlags, HideTheConsoleOfWhoHasNoTerminal) {
    EXPECT_TRUE(has(creation_flags(ChildConsole::hidden), CREATE_NO_WINDOW));
}

TEST(CreationFlags, TakeNoPseudoconsoleAway) {
    EXPECT_FALSE(has(creation_flags(ChildConsole::pseudo), CREATE_NO_WINDOW));
}

TEST(CreationFlags, LeaveGuiProgramsAndConsolesThatAreInheritedAlone) {
    for (const auto console : {ChildConsole::none, ChildConsole::inherited}) {
        EXPECT_FALSE(has(creation_flags(console), CREATE_NO_WINDOW));
    }
}

TEST(CreationFlags, MakeNoGroupInWhichCtrlCIsOffAndNoOtherConsole) {
    for (const auto console :
         {ChildConsole::hidden, ChildConsole::pseudo, ChildConsole::inherited, ChildConsole::none}) {
        const DWORD flags = creation_flags(console);
        EXPECT_TRUE(has(flags, EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT));
        for (const DWORD flag : {CREATE_NEW_PROCESS_GROUP, CREATE_NEW_CONSOLE, DETACHED_PROCESS, CREATE_SUSPENDED,
                                 CREATE_BREAKAWAY_FROM_JOB}) {
            EXPECT_FALSE(has(flags, flag)) << flag;
        }
    }
}

ChildCommand exit_command(int code) {
    std::wstring directory(MAX_PATH, L'\0');
    directory.resize(GetSystemDirectoryW(directory.data(), MAX_PATH));
    ChildCommand command;
    command.application = directory + L"\\cmd.exe";
    command.command_line = L"cmd /c exit " + std::to_wstring(code);
    return command;
}

DWORD exit_code_of(const ChildProcess& child) {
    DWORD code = STILL_ACTIVE;
    WaitForSingleObject(child.process.get(), INFINITE);
    GetExitCodeProcess(child.process.get(), &code);
    return code;
}

TEST(CreateChild, StartsOneThatInheritsNothing) {
    ChildProcess child;
    ASSERT_EQ(create_child(exit_command(300), child), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(child.id, GetProcessId(child.process.get()));
    EXPECT_EQ(exit_code_of(child), 300u);
}

TEST(CreateChild, TakesOneHandleForSeveralStreamsAndLeavesItNotInheritable) {
    HANDLE read_end = nullptr;
    HANDLE write_end = nullptr;
    ASSERT_NE(CreatePipe(&read_end, &write_end, nullptr, 0), 0);
    const UniqueHandle reading(read_end);
    UniqueHandle writing(write_end);
    ChildCommand command = exit_command(0);
    command.command_line = L"cmd /c echo out& echo err>&2";
    command.streams = {nullptr, writing.get(), writing.get()};
    ChildProcess child;
    ASSERT_EQ(create_child(command, child), DWORD{ERROR_SUCCESS});
    DWORD flags = HANDLE_FLAG_INHERIT;
    EXPECT_NE(GetHandleInformation(writing.get(), &flags), 0);
    EXPECT_EQ(flags & HANDLE_FLAG_INHERIT, 0u);
    writing.reset();
    std::string output;
    char buffer[64];
    for (DWORD size = 0; ReadFile(reading.get(), buffer, sizeof buffer, &size, nullptr) != 0;)
        output.append(buffer, size);
    EXPECT_EQ(output, "out\r\nerr\r\n");
    EXPECT_EQ(exit_code_of(child), 0u);
}

TEST(CreateChild, SaysWhyThereIsNone) {
    ChildCommand command = exit_command(0);
    command.application = L"C:\\nonexistent.exe";
    ChildProcess child;
    EXPECT_EQ(create_child(command, child), DWORD{ERROR_FILE_NOT_FOUND});
    EXPECT_FALSE(child.process);
}

}  // namespace
}  // namespace hostbridge
