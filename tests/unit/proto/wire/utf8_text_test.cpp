// SPDX-License-Identifier: MIT
#include "proto/wire/utf8_text.h"

#include <gtest/gtest.h>

namespace proto {
namespace {

constexpr const char* replacement = "\xEF\xBF\xBD";

TEST(Utf8Text, KeepsWhatIsWellFormed) {
    for (const char* text :
         {"", "plain", "caf\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"}) {
        EXPECT_EQ(to_utf8_text(text), text);
    }
}

TEST(Utf8Text, ReplacesEachByteThatIsNot) {
    EXPECT_EQ(to_utf8_text("caf\xE9!"), std::string("caf") + replacement + "!");
    EXPECT_EQ(to_utf8_text("\xC0\x80").size(), 6u) << "overlong";
    EXPECT_EQ(to_utf8_text("\xED\xA0\x80").size(), 9u) << "surrogate";
    EXPECT_EQ(to_utf8_text("\xF4\x90\x80\x80").size(), 12u) << "beyond U+10FFFF";
    EXPECT_EQ(to_utf8_text("\xE2\x82"), std::string(replacement) + replacement) << "cut off";
}

TEST(Utf8Text, KeepsZeroBytes) { EXPECT_EQ(to_utf8_text(std::string_view("a\0b", 3)), std::string("a\0b", 3)); }

}  // namespace
}  // namespace proto
