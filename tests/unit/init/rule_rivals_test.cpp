// SPDX-License-Identifier: MIT
#include "init/rule_rivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace init {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RegisteredRule by_magic(std::string magic, std::string mask = "", std::size_t offset = 0) {
    return {.name = "r",
            .enabled = true,
            .interpreter = "/r",
            .offset = offset,
            .magic = std::move(magic),
            .mask = std::move(mask)};
}

RegisteredRule by_name(std::string extension) {
    return {.name = "r", .enabled = true, .interpreter = "/r", .extension = std::move(extension)};
}

TEST(RuleRivals, MagicOfTwoBytesIsForAllMzFiles) {
    EXPECT_EQ(match_with_mz(by_magic("MZ")), MzMatch::all);
    EXPECT_EQ(match_with_mz(by_magic("M")), MzMatch::all);
    EXPECT_EQ(match_with_mz(by_magic("Z", "", 1)), MzMatch::all);
    EXPECT_EQ(match_with_mz(by_magic("mz", "\xdf\xdf")), MzMatch::all);
}

TEST(RuleRivals, LongerMagicIsForSome) {
    EXPECT_EQ(match_with_mz(by_magic("MZqFpD")), MzMatch::some);
    EXPECT_EQ(match_with_mz(by_magic("MZx", std::string("\xff\xff\0", 3))), MzMatch::all);
}

TEST(RuleRivals, OtherMagicIsForNone) {
    EXPECT_EQ(match_with_mz(by_magic("\x7f"
                                     "ELF")),
              MzMatch::none);
    EXPECT_EQ(match_with_mz(by_magic("mz")), MzMatch::none);
    EXPECT_EQ(match_with_mz(by_magic("MZ", "", 1)), MzMatch::none);
    EXPECT_EQ(match_with_mz(by_magic("AI", "", 8)), MzMatch::none);
}

TEST(RuleRivals, ExtensionOfProgramsIsByNameInAnyCase) {
    EXPECT_EQ(match_with_mz(by_name("exe")), MzMatch::by_name);
    EXPECT_EQ(match_with_mz(by_name("COM")), MzMatch::by_name);
    EXPECT_EQ(match_with_mz(by_name("jar")), MzMatch::none);
}

RegisteredRule mz_rule(std::string name, bool enabled = true) {
    return {.name = std::move(name), .enabled = enabled, .interpreter = "/x", .magic = "MZ"};
}

TEST(RuleRivals, AreNamedWithTheirOrder) {
    const auto rules = find_mz_rules({mz_rule("wine"), mz_rule("mzinit"), mz_rule("cli"), mz_rule("old", false)});
    EXPECT_THAT(describe_rivals(rules, "mzinit"),
                ElementsAre("rule wine (/x) is for MZ files too, and is asked before ours",
                            "rule cli (/x) is for MZ files too, and is asked after ours",
                            "rule old (/x) is for MZ files too, but is switched off"));
}

TEST(RuleRivals, HaveNoOrderWithoutOurs) {
    EXPECT_THAT(describe_rivals(find_mz_rules({mz_rule("wine")}), "mzinit"),
                ElementsAre("rule wine (/x) is for MZ files"));
}

TEST(RuleRivals, AreNotOurOwn) {
    auto com = by_name("com");
    com.name = "mzinit-com";
    EXPECT_THAT(describe_rivals(find_mz_rules({com, mz_rule("mzinit")}), "mzinit"), IsEmpty());
}

}  // namespace
}  // namespace init
