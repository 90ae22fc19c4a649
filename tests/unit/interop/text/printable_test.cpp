// SPDX-License-Identifier: MIT
#include "interop/text/printable.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

TEST(PrintableLine, KeepsOrdinaryText) { EXPECT_EQ(printable_line("größer – 漢字"), "größer – 漢字"); }

TEST(PrintableLine, DisarmsControlCharacters) {
    EXPECT_EQ(printable_line("a\x1b]0;x\x07\nb\r\tc\x7f"), "a?]0;x??b??c?");
    EXPECT_EQ(printable_line("x\xc2\x9b"
                             "31m"),
              "x?31m");
}

TEST(PrintableLine, CutsWhatIsTooLong) { EXPECT_EQ(printable_line(std::string(50, 'x'), 10), "xxxxxxxxxx..."); }

}  // namespace
}  // namespace interop
