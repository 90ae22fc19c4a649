// SPDX-License-Identifier: MIT
#include "interop/text/text_decoder.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

using Kind = TextEncoding::Kind;
using namespace std::string_literals;

constexpr TextEncoding automatic{Kind::automatic, 437};

std::string utf16_bytes(const std::u16string& text) {
    std::string bytes;
    for (const char16_t unit : text) {
        bytes += static_cast<char>(unit & 0xFF);
        bytes += static_cast<char>(unit >> 8);
    }
    return bytes;
}

/// The same however the bytes are cut into two pieces, or into pieces of one.
std::string decoded(TextEncoding encoding, std::string_view bytes) {
    TextDecoder whole(encoding);
    std::string text = whole.decode(bytes);
    text += whole.finish();
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        TextDecoder decoder(encoding);
        std::string in_pieces = decoder.decode(bytes.substr(0, cut));
        in_pieces += decoder.decode(bytes.substr(cut));
        EXPECT_EQ(in_pieces + decoder.finish(), text) << "cut at " << cut;
    }
    TextDecoder decoder(encoding);
    std::string byte_by_byte;
    for (const char byte : bytes) byte_by_byte += decoder.decode({&byte, 1});
    EXPECT_EQ(byte_by_byte + decoder.finish(), text) << "byte by byte";
    return text;
}

TEST(TextDecoder, KnowsUtf16ByItsMarkOrItsFirstCharacter) {
    const std::u16string text = u"a\u00fc\u20ac\U0001F600\r\nb";
    const std::string expected = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80\nb";
    EXPECT_EQ(decoded(automatic, utf16_bytes(text)), expected);
    EXPECT_EQ(decoded(automatic, utf16_bytes(u"\uFEFF" + text)), expected);
    EXPECT_EQ(decoded(automatic, utf16_bytes(u"\uFEFF\u65e5\u672c")), "\u65e5\u672c");
}

TEST(TextDecoder, ReadsUtf16ThatBeginsWithAnyCharacterIfToldTo) {
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes(u"\u65e5\u672c\r\n")), "\u65e5\u672c\n");
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes(u"\uFEFFx\uFEFF")), "x\uFEFF");
}

TEST(TextDecoder, ReplacesWhatIsNoUtf16) {
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes({0xD83D, u'x'})), "\uFFFDx");
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes({0xDE00, u'x'})), "\uFFFDx");
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes({0xD83D, 0xD83D, 0xDE00})), "\uFFFD\U0001F600");
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes({u'x', 0xD83D})), "x\uFFFD");
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes(u"x") + "y"), "x\uFFFD");
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes({0xD83D}) + "y"), "\uFFFD\uFFFD");
}

TEST(TextDecoder, KeepsUtf8AndLeavesItsMarkOut) {
    const std::string text = "\u00fc \u20ac \U0001F600";
    EXPECT_EQ(decoded(automatic, text + "\r\n"), text + "\n");
    EXPECT_EQ(decoded(automatic, "\uFEFF" + text), text);
    EXPECT_EQ(decoded({Kind::utf8}, "\uFEFF" + text), text);
}

TEST(TextDecoder, ReplacesWhatIsNoUtf8IfToldThatItIs) {
    EXPECT_EQ(decoded({Kind::utf8}, "a\x82z"), "a\uFFFDz");
    EXPECT_EQ(decoded({Kind::utf8}, "a\xE2\x82"), "a\uFFFD\uFFFD");
    EXPECT_EQ(decoded({Kind::utf8}, "\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
}

TEST(TextDecoder, TakesWhatIsNoUtf8ForTheCodePageFromThereOn) {
    EXPECT_EQ(decoded(automatic, "caf\x82\r\n"), "caf\u00e9\n");
    EXPECT_EQ(decoded({Kind::automatic, 1252}, "\x80 \xE9"), "\u20ac \u00e9");
    EXPECT_EQ(decoded(automatic, "\xC3\xBC \x81 \xC3\xBC"), "\u00fc \u00fc \u251c\u255d");
    // Two bytes that what follows could have made a character of.
    EXPECT_EQ(decoded(automatic, "\xE2\x82"), "\u0393\u00e9");
}

TEST(TextDecoder, ReadsACodePageIfToldTo) {
    EXPECT_EQ(decoded({Kind::code_page, 850}, "\xC3\xBC\xD5"), "\u251c\u255d\u0131");
    EXPECT_EQ(decoded({Kind::code_page, 866}, "\x8F\xE0"), "\u041f\u0440");
    EXPECT_EQ(decoded({Kind::code_page, 1253}, "\x81\xD2"), "\u0081\uFFFD");
    EXPECT_EQ(decoded({Kind::code_page, 437}, "a\0b"s), "a\0b"s);
}

TEST(TextDecoder, TurnsOnlyCarriageReturnsBeforeLineFeeds) {
    for (const TextEncoding encoding : {automatic, TextEncoding{Kind::code_page, 850}, TextEncoding{Kind::utf8}}) {
        EXPECT_EQ(decoded(encoding, "50%\r60%\r\n\n\r\r\nx\r"), "50%\r60%\n\n\r\nx\r");
    }
    EXPECT_EQ(decoded({Kind::utf16}, utf16_bytes(u"1\r2\r\n3\r")), "1\r2\n3\r");
}

TEST(TextDecoder, TakesTextsThatAreTooShortToTell) {
    EXPECT_EQ(decoded(automatic, ""), "");
    EXPECT_EQ(decoded(automatic, ">"), ">");
    EXPECT_EQ(decoded(automatic, "\r"), "\r");
    EXPECT_EQ(decoded(automatic, "\xFF"), "\u00a0");
    EXPECT_EQ(decoded(automatic, "\0\0"s), "\0\0"s);
}

TEST(TextDecoder, HoldsBackNoMoreThanItMust) {
    TextDecoder decoder(automatic);
    EXPECT_EQ(decoder.decode("Name: "), "Name: ");
    EXPECT_EQ(decoder.decode("x\r"), "x");
    EXPECT_EQ(decoder.decode("\n"), "\n");
}

TEST(TextDecoder, KnowsEncodingsByName) {
    EXPECT_EQ(parse_text_encoding("auto", 850), (TextEncoding{Kind::automatic, 850}));
    EXPECT_EQ(parse_text_encoding("utf-8", 850), (TextEncoding{Kind::utf8}));
    EXPECT_EQ(parse_text_encoding("utf-16", 850), (TextEncoding{Kind::utf16}));
    EXPECT_EQ(parse_text_encoding("cp1252", 850), (TextEncoding{Kind::code_page, 1252}));
    EXPECT_EQ(parse_text_encoding("866", 850), (TextEncoding{Kind::code_page, 866}));
    for (const char* text : {"", "cp", "cp0", "932", "85", "850x", "-850", "UTF-8", "99999999999999999999"}) {
        EXPECT_FALSE(parse_text_encoding(text, 850)) << text;
    }
}

}  // namespace
}  // namespace interop
