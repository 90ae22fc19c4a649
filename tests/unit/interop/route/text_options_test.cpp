// SPDX-License-Identifier: MIT
#include "interop/route/text_options.h"

#include <gtest/gtest.h>

#include "interop/route/configuration.h"

namespace interop {
namespace {

using Kind = TextEncoding::Kind;

TEST(TextOptions, LeaveOutputAsItIsUnlessItIsAskedFor) {
    EXPECT_FALSE(TextOptions().encoding_for("/bin/x.exe", std::nullopt));
    EXPECT_EQ(TextOptions().encoding_for("x", TextRequest{"auto"}), (TextEncoding{Kind::automatic, 437}));
}

TEST(TextOptions, ListNamesOfPrograms) {
    const TextOptions options{.code_page = 850, .always = {"wsl.exe"}};
    EXPECT_EQ(options.encoding_for("/mnt/c/WSL.EXE", std::nullopt), (TextEncoding{Kind::automatic, 850}));
    EXPECT_FALSE(options.encoding_for("/wsl.exe/x.exe", std::nullopt));
    EXPECT_FALSE(options.encoding_for("wsl", std::nullopt));
}

TEST(TextOptions, CountForLessThanARequest) {
    const TextOptions options{.code_page = 850, .always = {"x.exe"}};
    EXPECT_FALSE(options.encoding_for("x.exe", TextRequest{"never"}));
    EXPECT_EQ(options.encoding_for("x.exe", TextRequest{"utf-16"}), (TextEncoding{Kind::utf16}));
    EXPECT_EQ(options.encoding_for("x.exe", TextRequest{"cp1251"}), (TextEncoding{Kind::code_page, 1251}));
}

TEST(TextOptions, RefuseRequestsThatAreNotKnown) {
    for (const char* text : {"auto", "never", "utf-8", "utf-16", "cp850", "850"}) {
        EXPECT_TRUE(parse_text_request(text)) << text;
    }
    for (const char* text : {"", "always", "cp932", "latin1"}) EXPECT_FALSE(parse_text_request(text)) << text;
}

TEST(TextOptions, ComeFromTheConfiguration) {
    const auto configuration = parse_configuration("[text]\nalways = a.exe,\n  b.exe\ncode_page = 1252\n").value();
    EXPECT_EQ(configuration.text.always, (std::vector<std::string>{"a.exe", "b.exe"}));
    EXPECT_EQ(configuration.text.code_page, 1252u);
    EXPECT_FALSE(parse_configuration("[text]\ncode_page = 932\n"));
}

}  // namespace
}  // namespace interop
