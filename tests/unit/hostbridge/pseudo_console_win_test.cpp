// SPDX-License-Identifier: MIT
#include "hostbridge/pseudo_console_win.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "hostbridge/named_pipe_win.h"

namespace hostbridge {
namespace {

std::pair<int, int> size_of(std::uint32_t rows, std::uint32_t columns) {
    const COORD size = console_size(rows, columns);
    return {size.Y, size.X};
}

TEST(ConsoleSize, IsThatOfTheTerminal) {
    EXPECT_EQ(size_of(31, 97), std::pair(31, 97));
    EXPECT_EQ(size_of(1, 32767), std::pair(1, 32767));
}

TEST(ConsoleSize, IsMadeUpWhereItIsUnknownOrImpossible) {
    EXPECT_EQ(size_of(0, 0), std::pair(25, 80));
    EXPECT_EQ(size_of(32768, 0xFFFFFFFF), std::pair(32767, 32767));
}

TEST(PseudoConsole, EndsItsOutputWhenItIsClosed) {
    if (!PseudoConsole::is_available()) GTEST_SKIP() << "no pseudoconsole before Windows 10 1809";
    auto input = make_child_pipe(PipeDirection::to_child);
    auto output = make_child_pipe(PipeDirection::from_child);
    ASSERT_TRUE(input && output);
    auto console = PseudoConsole::make(console_size(25, 80), input->childs.get(), output->childs.get());
    ASSERT_TRUE(console);
    EXPECT_NE(console->get(), nullptr);
    output->childs.reset();
    console->close();
    console->close();
    EXPECT_EQ(console->get(), nullptr);
    EXPECT_TRUE(console->resize(console_size(1, 1)));
    // The pipe ends are overlapped.
    const UniqueHandle was_read(CreateEventW(nullptr, TRUE, FALSE, nullptr));
    char buffer[256];
    DWORD error = ERROR_SUCCESS;
    while (error == ERROR_SUCCESS) {
        OVERLAPPED overlapped{};
        overlapped.hEvent = was_read.get();
        DWORD size = 0;
        const bool began = ReadFile(output->ours.get(), buffer, sizeof buffer, nullptr, &overlapped) != 0 ||
                           GetLastError() == ERROR_IO_PENDING;
        const bool done = began && GetOverlappedResult(output->ours.get(), &overlapped, &size, TRUE) != 0;
        if (!done) error = GetLastError();
    }
    EXPECT_EQ(error, DWORD{ERROR_BROKEN_PIPE});
}

}  // namespace
}  // namespace hostbridge
