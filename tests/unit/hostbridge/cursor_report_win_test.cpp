// SPDX-License-Identifier: MIT
#include "hostbridge/cursor_report_win.h"

#include <gtest/gtest.h>

#include <string_view>

namespace hostbridge {
namespace {

bool found_in(std::string_view bytes) { return CursorReportFinder().feed(bytes); }

TEST(CursorReport, IsFoundAmongWhatIsTyped) {
    EXPECT_TRUE(found_in("\x1b[1;1R"));
    EXPECT_TRUE(found_in("ls\r\x1b[A\x1b[31;97Rmore"));
    EXPECT_TRUE(found_in("\x1b\x1b[5;\x1b[5;6R"));
}

TEST(CursorReport, IsFoundHoweverItIsCut) {
    constexpr std::string_view report = "\x1b[24;80R";
    for (std::size_t cut = 0; cut <= report.size(); ++cut) {
        CursorReportFinder finder;
        finder.feed(report.substr(0, cut));
        EXPECT_TRUE(finder.feed(report.substr(cut))) << cut;
    }
}

TEST(CursorReport, StaysFound) {
    CursorReportFinder finder;
    EXPECT_TRUE(finder.feed("\x1b[1;1R"));
    EXPECT_TRUE(finder.feed("\x1b[x"));
}

TEST(CursorReport, IsNotWhatOtherKeysSend) {
    // F3, F3 without numbers, a size, something unfinished.
    for (const std::string_view other : {"", "R", "\x1bOR", "\x1b[R", "\x1b[1R", "\x1b[;R", "\x1b[1;R", "\x1b[;1R",
                                         "\x1b[8;24;80t", "\x1b[1;1", "1;1R"}) {
        EXPECT_FALSE(found_in(other)) << other;
    }
}

}  // namespace
}  // namespace hostbridge
