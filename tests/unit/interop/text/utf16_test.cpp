// SPDX-License-Identifier: MIT
#include "interop/text/utf16.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

TEST(Utf16, ConvertsAllLengthsBothWays) {
    const std::string text = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80";
    const auto units = utf8_to_utf16(text);
    ASSERT_TRUE(units);
    EXPECT_EQ(*units, u"a\u00fc\u20ac\U0001F600");
    EXPECT_EQ(utf16_to_utf8(*units), text);
}

TEST(Utf16, RefusesWhatIsNotStrictUtf8) {
    for (const char* text : {"\xFF", "\x80", "\xC3", "\xE2\x82", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                             "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xC3(", "\xF0\x9F\x98"}) {
        EXPECT_FALSE(utf8_to_utf16(text)) << testing::PrintToString(std::string(text));
    }
}

TEST(Utf16, KeepsTheEndsOfTheRanges) {
    for (const char* text :
         {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        const auto units = utf8_to_utf16(text);
        ASSERT_TRUE(units);
        EXPECT_EQ(utf16_to_utf8(*units), text);
    }
}

TEST(Utf16, TurnsUnpairedSurrogatesIntoReplacementCharacters) {
    EXPECT_EQ(utf16_to_utf8(std::u16string{0xD800, u'x', 0xDC00}), "\xEF\xBF\xBDx\xEF\xBF\xBD");
    EXPECT_EQ(utf16_to_utf8(std::u16string{0xD83D}), "\xEF\xBF\xBD");
}

TEST(Utf16, IgnoresTheCaseOfLetters) {
    EXPECT_EQ(compare_ignoring_case(u"Path", u"PATH"), 0);
    EXPECT_EQ(compare_ignoring_case(u"\u00fcber", u"\u00dcBER"), 0);
    EXPECT_EQ(compare_ignoring_case(u"\u0436\u0451", u"\u0416\u0401"), 0);
    EXPECT_EQ(compare_ignoring_case(u"\u03c3\u03ac\u03cd", u"\u03a3\u0386\u038e"), 0);
    EXPECT_EQ(compare_ignoring_case(u"\u017e\u0107", u"\u017d\u0106"), 0);
    EXPECT_EQ(windows_upper_case(0xF7), 0xF7);
    EXPECT_EQ(windows_upper_case(0xDF), 0xDF);
}

TEST(Utf16, OrdersByUpperCaseUnits) {
    EXPECT_LT(compare_ignoring_case(u"a", u"_"), 0);  // 'A' is before '_', 'a' would be behind it
    EXPECT_LT(compare_ignoring_case(u"ab", u"abc"), 0);
    EXPECT_GT(compare_ignoring_case(u"b", u"ABC"), 0);
}

}  // namespace
}  // namespace interop
