// SPDX-License-Identifier: MIT
#include "interop/text/environment.h"

#include <gtest/gtest.h>

#include <map>

namespace interop {
namespace {

using namespace std::string_literals;

std::u16string merged(std::u16string_view base, const EnvironmentOverlay& overlay) {
    const auto block = merge_windows_environment(base, overlay);
    return block ? *block : u"failed";
}

using Variables = std::map<std::string, std::string>;

WslenvLookup lookup_in(const Variables& variables) {
    return [&variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

PathMap drive_c() {
    PathMap paths(PathFlavour::windows);
    EXPECT_TRUE(paths.add({"/mnt/c", "C:\\"}));
    return paths;
}

WslenvSelection selected(std::string_view wslenv, const Variables& variables) {
    return select_for_windows(wslenv, lookup_in(variables), drive_c());
}

WslenvSelection arrived(std::string_view wslenv, const Variables& variables) {
    return select_for_guest(wslenv, lookup_in(variables), drive_c());
}

TEST(PosixEnvironment, LaysTheOverlayOverTheBaseWithCase) {
    EXPECT_EQ(merge_environment({"A=1", "B=2", "C=3"}, {{"B", "x=y"}, {"b", "z"}, {"C", ""}, {"D", "4"}},
                                NameCase::distinguished),
              (std::vector<std::string>{"A=1", "B=x=y", "b=z", "D=4"}));
}

TEST(PosixEnvironment, LetsTheLastOfTwoWin) {
    EXPECT_EQ(merge_environment({"A=1", "A=2"}, {{"B", ""}, {"B", "3"}, {"A", "4"}, {"A", ""}, {"A", "5"}},
                                NameCase::distinguished),
              (std::vector<std::string>{"A=5", "B=3"}));
}

TEST(PosixEnvironment, DropsWhatIsNotAVariable) {
    EXPECT_EQ(merge_environment({"nothing", "=x", "A=1"}, {{"", "x"}, {"a=b", "x"}, {"N\0"s, "x"}, {"M", "\0"s}},
                                NameCase::distinguished),
              (std::vector<std::string>{"A=1"}));
}

TEST(MergedEnvironment, HasOneVariableOfNamesThatDifferInCaseIfThatIsIgnored) {
    const auto merge = [](const std::vector<std::string>& base, const EnvironmentOverlay& overlay) {
        return merge_environment(base, overlay, NameCase::ignored);
    };
    using Strings = std::vector<std::string>;
    EXPECT_EQ(merge({"FOO=agent", "B=1"}, {{"foo", "guest"}}), (Strings{"FOO=guest", "B=1"}));
    EXPECT_EQ(merge({}, {{"bar", "1"}, {"BAR", "2"}, {"Bar", ""}, {"bAR", "3"}}), (Strings{"bar=3"}));
    EXPECT_EQ(merge({"http_proxy=a", "HTTP_PROXY=b"}, {}), (Strings{"http_proxy=b"}));
    EXPECT_EQ(merge({"Path=x"}, {{"PATH", ""}}), Strings());
    EXPECT_EQ(merge({"\xC3\x9C=1"}, {{"\xC3\xBC", "2"}}), (Strings{"\xC3\x9C=2"}));  // U with diaeresis
    EXPECT_EQ(merge({"A\xFF=1"}, {{"a\xFF", "2"}, {"A\xFF", "3"}}), (Strings{"A\xFF=3", "a\xFF=2"}));
}

// The agents for both systems do the same with it.
TEST(MergedEnvironment, IsWhatTheBlockOfWindowsHolds) {
    const EnvironmentOverlay overlay{{"foo", "1"}, {"Path", "p"}, {"GONE", ""}, {"Foo", "2"}};
    EXPECT_EQ(merged(u"FOO=x\0gone=y\0PATH=z\0\0"s, overlay), u"FOO=2\0PATH=p\0\0"s);
    EXPECT_EQ(merge_environment({"FOO=x", "gone=y", "PATH=z"}, overlay, NameCase::ignored),
              (std::vector<std::string>{"FOO=2", "PATH=p"}));
}

TEST(WindowsEnvironment, IgnoresTheCaseOfNamesAndKeepsTheBasesSpelling) {
    EXPECT_EQ(merged(u"Path=C:\\x\0\0"s, {{"PATH", "D:\\y"}}), u"Path=D:\\y\0\0"s);
    EXPECT_EQ(merged(u"\0\0"s, {{"foo", "1"}, {"FOO", "2"}}), u"foo=2\0\0"s);
    EXPECT_EQ(merged(u"\u00dcBER=1\0\0"s, {{"\xC3\xBC"
                                            "ber",
                                            "2"}}),
              u"\u00dcBER=2\0\0"s);
}

TEST(WindowsEnvironment, DeletesByAnEmptyValue) {
    EXPECT_EQ(merged(u"A=1\0Temp=x\0\0"s, {{"TEMP", ""}, {"missing", ""}}), u"A=1\0\0"s);
}

TEST(WindowsEnvironment, IsSortedByUpperCaseUnits) {
    EXPECT_EQ(merged(u"b=1\0A_=2\0Ab=3\0\0"s, {{"a", "4"}}), u"a=4\0Ab=3\0A_=2\0b=1\0\0"s);
}

TEST(WindowsEnvironment, KeepsHiddenVariables) {
    EXPECT_EQ(merged(u"=C:=C:\\dir\0=ExitCode=0\0A=1\0\0"s, {{"A", "2"}}), u"=C:=C:\\dir\0=ExitCode=0\0A=2\0\0"s);
}

TEST(WindowsEnvironment, EndsWithTwoNulsEvenIfItIsEmpty) {
    EXPECT_EQ(merged(u"", {}), u"\0\0"s);
    EXPECT_EQ(merged(u"A=1\0\0"s, {{"a", ""}}), u"\0\0"s);
}

TEST(WindowsEnvironment, ReadsNothingBehindTheEndOfTheBlock) {
    EXPECT_EQ(merged(u"A=1\0\0B=2\0"s, {}), u"A=1\0\0"s);
    EXPECT_EQ(merged(u"A=1", {}), u"A=1\0\0"s);
}

TEST(WindowsEnvironment, RefusesWhatABlockCannotHold) {
    EXPECT_EQ(merge_windows_environment(u"", {{"A", "\xFF"}}).error().doing,
              "environment variable A (not valid UTF-8)");
    EXPECT_EQ(merge_windows_environment(u"", {{"N\xFF", "x"}}).error().doing,
              "environment variable N? (not valid UTF-8)");
    EXPECT_FALSE(merge_windows_environment(u"", {{"", "x"}}));
    EXPECT_FALSE(merge_windows_environment(u"", {{"a=b", "x"}}));
    EXPECT_FALSE(merge_windows_environment(u"", {{"A", "x\0y"s}}));
}

TEST(WindowsEnvironment, RefusesValuesThatProgramsWouldNotGetWhole) {
    const std::string longest(max_variable_units, 'x');
    EXPECT_TRUE(merge_windows_environment(u"", {{"A", longest}}));
    EXPECT_EQ(merge_windows_environment(u"", {{"A", longest + "x"}}).error().doing,
              "environment variable A (longer than 32766 characters)");
    // They are counted in UTF-16.
    std::string two_bytes_each;
    for (std::size_t unit = 0; unit < max_variable_units; ++unit) two_bytes_each += "\xC3\xA4";
    EXPECT_TRUE(check_variable_lengths({{"A", two_bytes_each}}));
}

TEST(WindowsEnvironment, KeepsAMillionCharactersInOrder) {
    EnvironmentOverlay overlay;
    for (int number = 0; number < 40; ++number)
        overlay.emplace_back("V" + std::to_string(number), std::string(27000, 'x'));
    const auto block = merge_windows_environment(u"PATH=p\0\0"s, overlay);
    ASSERT_TRUE(block);
    EXPECT_GT(block->size(), 40u * 27000u);
    EXPECT_TRUE(block->starts_with(u"PATH=p\0V0=xxx"s));
}

TEST(Wslenv, TellsNamesFromFlags) {
    const auto entries = parse_wslenv("A:B/p:C/l:D/u:E/w:F/pw").entries;
    ASSERT_EQ(entries.size(), 6u);
    EXPECT_EQ(entries[0].name, "A");
    EXPECT_TRUE(entries[0].to_windows && entries[0].to_guest && !entries[0].is_path_list);
    EXPECT_TRUE(entries[1].is_path_list);
    EXPECT_TRUE(entries[2].is_path_list);
    EXPECT_TRUE(!entries[3].to_windows && entries[3].to_guest);
    EXPECT_TRUE(entries[4].to_windows && !entries[4].to_guest);
    EXPECT_TRUE(entries[5].to_windows && !entries[5].to_guest && entries[5].is_path_list);
}

TEST(Wslenv, SkipsEmptyEntriesAndWhiteSpaceAtTheEnd) {
    const auto entries = parse_wslenv("::A:: B :C/p \t\n").entries;
    ASSERT_EQ(entries.size(), 3u);
    EXPECT_EQ(entries[1].name, " B ");
    EXPECT_EQ(entries[2].name, "C");
    EXPECT_TRUE(entries[2].is_path_list);
    EXPECT_TRUE(parse_wslenv("").entries.empty());
    EXPECT_TRUE(parse_wslenv("  ").entries.empty());
}

TEST(Wslenv, DropsEntriesWithUnknownFlags) {
    const Wslenv parsed = parse_wslenv("A/x::B/P:C/p/l:D/p /u:/p:E=F:G/p");
    ASSERT_EQ(parsed.entries.size(), 1u);
    EXPECT_EQ(parsed.entries[0].name, "G");
    EXPECT_EQ(parsed.dropped, (std::vector<std::string>{"A/x", "B/P", "C/p/l", "D/p /u", "/p", "E=F"}));
    EXPECT_EQ(parse_wslenv("A/").entries.size(), 1u);
    EXPECT_TRUE(parse_wslenv("::").dropped.empty());
}

TEST(Wslenv, AlwaysGoesItself) {
    EXPECT_EQ(selected("", {}).overlay, (EnvironmentOverlay{{"WSLENV", ""}}));
    EXPECT_EQ(selected("A/x ", {}).overlay, (EnvironmentOverlay{{"WSLENV", "A/x "}}));
}

TEST(Wslenv, ChoosesWhatGoesToWindows) {
    EXPECT_EQ(selected("A:B/u:C/w:D/uw", {{"A", "1"}, {"B", "2"}, {"C", "3"}, {"D", "4"}}).overlay,
              (EnvironmentOverlay{{"WSLENV", "A:B/u:C/w:D/uw"}, {"A", "1"}, {"C", "3"}}));
}

TEST(Wslenv, SendsAVariableThatIsNotSetAsEmpty) {
    EXPECT_EQ(selected("A:B/p", {}).overlay, (EnvironmentOverlay{{"WSLENV", "A:B/p"}, {"A", ""}, {"B", ""}}));
}

TEST(Wslenv, TranslatesPathsAndListsAlike) {
    const Variables variables{{"a", "/mnt/c/Users:/mnt/c/Windows"}};
    for (const char* flags : {"l", "p", "pl", "lp", "pp"}) {
        const std::string wslenv = "a/"s + flags;
        EXPECT_EQ(selected(wslenv, variables).overlay,
                  (EnvironmentOverlay{{"WSLENV", wslenv}, {"a", "C:\\Users;C:\\Windows"}}));
    }
}

TEST(Wslenv, KeepsRelativePartsAndDropsUntranslatableOnesWithAWarning) {
    const WslenvSelection selection = selected("A/l:B/p", {{"A", "sub/dir:/etc:/mnt/c/x"}, {"B", "/etc"}});
    EXPECT_EQ(selection.overlay, (EnvironmentOverlay{{"WSLENV", "A/l:B/p"}, {"A", "sub\\dir;C:\\x"}}));
    EXPECT_EQ(selection.warnings, (std::vector<std::string>{"A: no path on the host is known here for /etc",
                                                            "B: no path on the host is known here for /etc"}));
}

TEST(Wslenv, TellsWhatListsConsistOfForWhoKnowsMorePaths) {
    const WslenvSelection selection =
        selected("A/l:B/p:C/p:D/p:E:A/p", {{"A", "sub/dir::/etc:/mnt/c/x"}, {"B", "/etc"}, {"C", ""}, {"E", "/mnt/c"}});
    EXPECT_EQ(selection.path_lists,
              (std::vector<std::pair<std::string, std::vector<SelectedPath>>>{
                  {"B", {{"/etc", ""}}}, {"A", {{"", "sub\\dir"}, {"/etc", ""}, {"/mnt/c/x", "C:\\x"}}}}));
    EXPECT_EQ(arrived("A/p", {{"A", "C:\\x"}}).path_lists.size(), 0u);
}

TEST(Wslenv, WarnsOfEntriesThatItDrops) {
    EXPECT_EQ(selected("A/x:B", {}).warnings, (std::vector<std::string>{"\"A/x\" is not NAME or NAME/FLAGS"}));
    EXPECT_EQ(arrived("A/x:B", {}).warnings, (std::vector<std::string>{"\"A/x\" is not NAME or NAME/FLAGS"}));
}

// Microsoft's cases.

TEST(Wslenv, PassesVariablesToTheGuest) {
    const Variables variables{{"a", "1"}, {"b", "2"}, {"c", "3"}};
    EXPECT_EQ(arrived("a/u:c/u", variables).overlay,
              (EnvironmentOverlay{{"WSLENV", "a/u:c/u"}, {"a", "1"}, {"c", "3"}}));
    EXPECT_EQ(arrived("a/w", variables).overlay, (EnvironmentOverlay{{"WSLENV", "a/w"}}));
    EXPECT_EQ(arrived("a/uw", variables).overlay, (EnvironmentOverlay{{"WSLENV", "a/uw"}}));
    EXPECT_EQ(arrived("a:a:a/u", variables).overlay, (EnvironmentOverlay{{"WSLENV", "a:a:a/u"}, {"a", "1"}}));
    EXPECT_EQ(arrived("z", variables).overlay, (EnvironmentOverlay{{"WSLENV", "z"}, {"z", ""}}));
}

TEST(Wslenv, TranslatesListsForTheGuest) {
    Variables variables;
    EnvironmentOverlay expected{{"WSLENV", "a/l:b/p:c/pl:d/lp"}};
    for (const char* name : {"a", "b", "c", "d"}) {
        variables[name] = "C:\\Users;C:\\Windows";
        expected.emplace_back(name, "/mnt/c/Users:/mnt/c/Windows");
    }
    EXPECT_EQ(arrived("a/l:b/p:c/pl:d/lp", variables).overlay, expected);
}

TEST(Wslenv, DropsRelativeAndUnknownPathsOnTheWayToTheGuest) {
    const WslenvSelection selection = arrived("A/l:B/p", {{"A", "sub\\dir;;c:/Users/;E:\\x"}, {"B", "E:\\x"}});
    EXPECT_EQ(selection.overlay, (EnvironmentOverlay{{"WSLENV", "A/l:B/p"}, {"A", "/mnt/c/Users/"}}));
    EXPECT_EQ(selection.warnings,
              (std::vector<std::string>{"A: the guest has no path for sub\\dir", "A: the guest has no path for E:\\x",
                                        "B: the guest has no path for E:\\x"}));
}

TEST(Wslenv, LetsTheLastEntryForANameDecide) {
    EXPECT_EQ(selected("A:A/p", {{"A", "/mnt/c/x"}}).overlay,
              (EnvironmentOverlay{{"WSLENV", "A:A/p"}, {"A", "C:\\x"}}));
    EXPECT_EQ(selected("A/p:A", {{"A", "/etc"}}).overlay, (EnvironmentOverlay{{"WSLENV", "A/p:A"}, {"A", "/etc"}}));
    EXPECT_EQ(selected("A:a", {{"A", "1"}, {"a", "2"}}).overlay,
              (EnvironmentOverlay{{"WSLENV", "A:a"}, {"A", "1"}, {"a", "2"}}));
    EXPECT_EQ(selected("A:B:A", {{"A", "1"}, {"B", "2"}}).overlay,
              (EnvironmentOverlay{{"WSLENV", "A:B:A"}, {"B", "2"}, {"A", "1"}}));
    EXPECT_EQ(selected("WSLENV:A", {{"WSLENV", "x"}, {"A", "1"}}).overlay,
              (EnvironmentOverlay{{"WSLENV", "x"}, {"A", "1"}}));
}

TEST(Wslenv, IsAskedForEachNameOnce) {
    std::string wslenv;
    for (int number = 0; number < 1000; ++number) wslenv += "A:B/p:";
    std::size_t lookups = 0;
    const auto count = [&lookups](const std::string&) {
        ++lookups;
        return std::optional<std::string>("/etc");
    };
    const WslenvSelection selection = select_for_windows(wslenv, count, drive_c());
    EXPECT_EQ(lookups, 2u);
    EXPECT_EQ(selection.overlay, (EnvironmentOverlay{{"WSLENV", wslenv}, {"A", "/etc"}}));
}

}  // namespace
}  // namespace interop
