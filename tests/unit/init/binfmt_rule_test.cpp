// SPDX-License-Identifier: MIT
#include "init/binfmt_rule.h"

#include <gtest/gtest.h>

namespace init {
namespace {

std::string line_for(BinfmtRule rule) {
    const auto line = format_rule(rule);
    return line ? *line : "(" + line.error().doing + ")";
}

TEST(BinfmtRule, IsLineThatKernelExpects) {
    EXPECT_EQ(line_for({.interpreter = "/init"}), ":mzinit:M::MZ::/init:PF");
    EXPECT_EQ(line_for({.name = "x", .interpreter = "/init", .flags = "POF"}), ":x:M::MZ::/init:POF");
}

TEST(BinfmtRule, IsByExtensionForComFilesInBothCases) {
    const auto rules = com_rules({.name = "x", .interpreter = "/init", .flags = "POF"});
    EXPECT_EQ(line_for(rules[0]), ":x-com:E::com::/init:POF");
    EXPECT_EQ(line_for(rules[1]), ":x-COM:E::COM::/init:POF");
}

TEST(BinfmtRule, IsByExtensionForBatchFilesInBothCases) {
    std::string lines;
    for (const BinfmtRule& rule : batch_rules({.name = "x", .interpreter = "/init"})) lines += line_for(rule) + " ";
    EXPECT_EQ(lines,
              ":x-bat:E::bat::/init:PF :x-BAT:E::BAT::/init:PF :x-cmd:E::cmd::/init:PF :x-CMD:E::CMD::/init:PF ");
    EXPECT_EQ(extension_rules({.name = "x"}).size(), 6);
}

TEST(BinfmtRule, SeparatorIsInNoField) {
    EXPECT_EQ(line_for({.interpreter = "/a:b"}), "|mzinit|M||MZ||/a:b|PF");
    EXPECT_EQ(line_for({.name = "m|z", .interpreter = "/a:b,c"}), ";m|z;M;;MZ;;/a:b,c;PF");
    EXPECT_EQ(line_for({.interpreter = "/:|,;!%"}),
              "(interpreter '/:|,;!%' (has every character that could separate fields))");
}

TEST(BinfmtRule, RefusesWhatCouldNotWork) {
    for (const char* name : {"", ".", "..", "a/b", "register", "status", "a b", "a\nb"}) {
        EXPECT_FALSE(format_rule({.name = name, .interpreter = "/init"}).has_value()) << name;
    }
    for (const char* interpreter : {"", "init", "./init", "/in\nit"}) {
        EXPECT_FALSE(format_rule({.interpreter = interpreter}).has_value()) << interpreter;
    }
    for (const char* flags : {"", "F", "OC", "PX", "pf"}) {
        EXPECT_FALSE(format_rule({.interpreter = "/init", .flags = flags}).has_value()) << flags;
    }
    EXPECT_FALSE(format_rule({.interpreter = "/" + std::string(2000, 'x')}).has_value());
}

TEST(RegisteredRule, IsReadFromKernelsText) {
    const auto rule = parse_registered_rule("enabled\ninterpreter /opt/my init\nflags: POF\noffset 0\nmagic 4d5a\n");
    ASSERT_TRUE(rule.has_value());
    EXPECT_TRUE(rule->enabled);
    EXPECT_EQ(rule->interpreter, "/opt/my init");
    EXPECT_EQ(rule->flags, "POF");
}

TEST(RegisteredRule, MayBeDisabledAndHaveNoFlags) {
    const auto rule = parse_registered_rule("disabled\ninterpreter /init\nflags: \nextension .exe");
    ASSERT_TRUE(rule.has_value());
    EXPECT_FALSE(rule->enabled);
    EXPECT_EQ(rule->flags, "");
}

TEST(RegisteredRule, HasWhatItMatches) {
    const auto by_magic =
        parse_registered_rule("enabled\ninterpreter /x\nflags: \noffset 3\nmagic 4d5a00\nmask ffdf00\n");
    ASSERT_TRUE(by_magic.has_value());
    EXPECT_EQ(by_magic->offset, 3U);
    EXPECT_EQ(by_magic->magic, std::string("MZ\0", 3));
    EXPECT_EQ(by_magic->mask, std::string("\xff\xdf\0", 3));
    EXPECT_EQ(by_magic->extension, "");
    const auto by_name = parse_registered_rule("enabled\ninterpreter /x\nflags: \nextension .exe\n");
    ASSERT_TRUE(by_name.has_value());
    EXPECT_EQ(by_name->extension, "exe");
    EXPECT_EQ(by_name->magic, "");
}

TEST(RegisteredRule, OtherTextIsNone) {
    EXPECT_FALSE(parse_registered_rule("").has_value());
    EXPECT_FALSE(parse_registered_rule("enabled\n").has_value());
}

}  // namespace
}  // namespace init
