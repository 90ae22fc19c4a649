// SPDX-License-Identifier: MIT
#include "init/messages.h"

#include <gtest/gtest.h>

namespace init {
namespace {

TEST(JsonString, EscapesWhatJsonWants) {
    EXPECT_EQ(json_string("plain"), "\"plain\"");
    EXPECT_EQ(json_string("a\"b\\c\n\x01"), R"("a\"b\\c\u000a\u0001")");
}

TEST(JsonString, KeepsUtf8) { EXPECT_EQ(json_string("ü漢😀"), "\"ü漢😀\""); }

TEST(JsonString, BytesThatAreNotUtf8BecomeSurrogates) {
    EXPECT_EQ(json_string("\xFF"), R"("\udcff")");
    EXPECT_EQ(json_string("a\xC3"), R"("a\udcc3")");
    EXPECT_EQ(json_string("\xC0\xAF"), R"("\udcc0\udcaf")");
    EXPECT_EQ(json_string("\xED\xA0\x80"), R"("\udced\udca0\udc80")");
    EXPECT_EQ(json_string("\xF4\x90\x80\x80"), R"("\udcf4\udc90\udc80\udc80")");
}

}  // namespace
}  // namespace init
