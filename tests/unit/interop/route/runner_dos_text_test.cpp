// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_text.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

/// Reads `source` as a program would, `count` bytes at a time.
std::string read_all(std::string_view source, std::size_t count) {
    DosInputText input;
    std::string text;
    while (!source.empty() || input.has_kept()) {
        if (input.has_kept()) {
            input.take_kept();
            text += '\n';
            continue;
        }
        const std::string_view piece = source.substr(0, DosInputText::source_size(count));
        const std::string got = input.convert(piece, count);
        EXPECT_LE(got.size(), count);
        EXPECT_FALSE(got.empty());
        text += got;
        source.remove_prefix(piece.size());
    }
    return text;
}

TEST(DosInputText, GivesUnixLinesTheirCr) {
    for (const std::size_t count : {1, 2, 3, 5, 100}) {
        EXPECT_EQ(read_all("a\nbc\n\nd", count), "a\r\nbc\r\n\r\nd") << count;
    }
}

TEST(DosInputText, LeavesDosLinesAsTheyAre) {
    for (const std::size_t count : {1, 2, 3, 5, 100}) {
        EXPECT_EQ(read_all("a\r\nb\r\n\r\r\n", count), "a\r\nb\r\n\r\r\n") << count;
    }
}

std::string write_all(std::string_view written, std::size_t block) {
    DosOutputText output;
    std::string text;
    for (; !written.empty(); written.remove_prefix(std::min(block, written.size()))) {
        text += output.convert(written.substr(0, block));
    }
    return text + output.finish();
}

TEST(DosOutputText, TakesTheCrOfDosLinesAlsoAcrossWrites) {
    for (const std::size_t block : {1, 2, 3, 100}) {
        EXPECT_EQ(write_all("a\r\nb\r\n\r\n", block), "a\nb\n\n") << block;
    }
}

TEST(DosOutputText, KeepsOtherCrs) {
    for (const std::size_t block : {1, 2, 3, 100}) {
        EXPECT_EQ(write_all("10%\r20%\r\r\nx\n\r", block), "10%\r20%\r\nx\n\r") << block;
    }
}

}  // namespace
}  // namespace interop
