// SPDX-License-Identifier: MIT
#include "interop/route/ini_settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace interop {
namespace {

/// "line [section] name=value" each; "+" before what goes on with the value before.
std::vector<std::string> settings_of(std::string_view text) {
    std::vector<std::string> settings;
    read_ini(text, [&settings](const IniSetting& setting) {
        settings.push_back(std::to_string(setting.line) + " [" + std::string(setting.section) + "] " +
                           (setting.continues ? "+" : "") + std::string(setting.name) + "=" +
                           std::string(setting.value));
        return IniReading::go_on;
    });
    return settings;
}

std::vector<std::size_t> wrong_lines_of(std::string_view text) {
    return read_ini(text, [](const IniSetting&) { return IniReading::go_on; });
}

/// 0 if there is none.
std::size_t wrong_line_of(std::string_view text) {
    const auto lines = wrong_lines_of(text);
    return lines.empty() ? 0 : lines.front();
}

using Settings = std::vector<std::string>;

TEST(IniSettings, AreReadInOrderWithTheirSectionsAndLines) {
    EXPECT_EQ(settings_of("[a]\nx = 1\n\n; no\n# no\ny=2\n[b]\nx : 3\n"),
              (Settings{"2 [a] x=1", "6 [a] y=2", "8 [b] x=3"}));
}

TEST(IniSettings, EmptyTextHasNone) {
    for (const char* text : {"", "\n", "\n\n \t\n", "# only this"}) {
        EXPECT_EQ(settings_of(text), Settings{}) << text;
        EXPECT_EQ(wrong_line_of(text), 0u) << text;
    }
}

TEST(IniSettings, LastLineNeedsNoEnd) { EXPECT_EQ(settings_of("[a]\nx = 1"), Settings{"2 [a] x=1"}); }

TEST(IniSettings, OneBeforeAnySectionHasAnEmptySection) { EXPECT_EQ(settings_of("x = 1\n"), Settings{"1 [] x=1"}); }

TEST(IniSettings, ValueMayBeEmpty) { EXPECT_EQ(settings_of("[a]\nx =\ny = \n"), (Settings{"2 [a] x=", "3 [a] y="})); }

TEST(IniSettings, CarriageReturnsBelongToLineEnds) {
    EXPECT_EQ(settings_of("[a]\r\nx = 1\r\n\r\n  2\r\n"), (Settings{"2 [a] x=1", "4 [a] +x=2"}));
}

TEST(IniSettings, ByteOrderMarkIsNoPartOfTheFirstLine) {
    EXPECT_EQ(settings_of("\xEF\xBB\xBF[a]\nx = 1\n"), Settings{"2 [a] x=1"});
    EXPECT_EQ(settings_of("\xEF\xBB\xBFx = 1\n"), Settings{"1 [] x=1"});
}

TEST(IniSettings, IndentedLineGoesOnWithTheValueBefore) {
    EXPECT_EQ(settings_of("[a]\nx = 1\n  2\n\t3\ny = 4\n"),
              (Settings{"2 [a] x=1", "3 [a] +x=2", "4 [a] +x=3", "5 [a] y=4"}));
}

TEST(IniSettings, IndentedLineGoesOnAfterCommentsAndEmptyLines) {
    EXPECT_EQ(settings_of("[a]\nx = 1\n\n# no\n  2\n"), (Settings{"2 [a] x=1", "5 [a] +x=2"}));
}

TEST(IniSettings, IndentedLinesMayHaveSettingsOfTheirOwn) {
    EXPECT_EQ(settings_of("[automount]\n  enabled = true\n  root = /mnt/\n  options = \"metadata,umask=22\"\n"),
              (Settings{"2 [automount] enabled=true", "3 [automount] root=/mnt/",
                        "4 [automount] options=\"metadata,umask=22\""}));
    EXPECT_EQ(settings_of("[host]\n\tkey = /x\n\tupload: never\n"),
              (Settings{"2 [host] key=/x", "3 [host] upload=never"}));
    EXPECT_EQ(settings_of("  [host]\n  key = /x\n  [user]\n  default = me\n  x=y\n  [boot]\n  systemd = true\n"),
              (Settings{"2 [host] key=/x", "4 [user] default=me", "5 [user] x=y", "7 [boot] systemd=true"}));
}

TEST(IniSettings, ListsAndCommandsGoOnInIndentedLinesUntilTheNextKey) {
    EXPECT_EQ(settings_of("[host]\n  endpoints = unix:/a\n    tcp:gateway:5000\n    vsock : 2:3\n  key = /x\n"),
              (Settings{"2 [host] endpoints=unix:/a", "3 [host] +endpoints=tcp:gateway:5000",
                        "4 [host] +endpoints=vsock : 2:3", "5 [host] key=/x"}));
    EXPECT_EQ(settings_of("[boot]\ncommand = env\n  A=1\n  --port=2\n  [ -e /x ]\n  timeout=5\n  tiemout = 5\n"),
              (Settings{"2 [boot] command=env", "3 [boot] +command=A=1", "4 [boot] +command=--port=2",
                        "5 [boot] +command=[ -e /x ]", "6 [boot] timeout=5", "7 [boot] tiemout=5"}));
    EXPECT_EQ(settings_of("[service web]\n  command = httpd\n    -f\n  restart = no\n[path]\nmap = /a=/b\n  /c=/d\n"),
              (Settings{"2 [service web] command=httpd", "3 [service web] +command=-f", "4 [service web] restart=no",
                        "6 [path] map=/a=/b", "7 [path] map=/c=/d"}));
}

TEST(IniSettings, ValueOfOneLineDoesNotGoOn) {
    EXPECT_EQ(settings_of("[host]\nname = a\n  b\nkey = /k\n"), (Settings{"2 [host] name=a", "4 [host] key=/k"}));
    EXPECT_EQ(wrong_lines_of("[host]\nname = a\n  b\nkey = /k\n"), (std::vector<std::size_t>{3}));
}

TEST(IniSettings, IndentedLineAfterAnUnknownKeyGoesOnUnlessItIsASettingOrAHeader) {
    EXPECT_EQ(settings_of("[a]\nx = 1\n  2\n  unix:/c\n  =\n  [\n  y=2\n  z = 3\n  [b]\n  z = 4\n"),
              (Settings{"2 [a] x=1", "3 [a] +x=2", "4 [a] +x=unix:/c", "5 [a] +x==", "6 [a] +x=[", "7 [a] y=2",
                        "8 [a] z=3", "10 [b] z=4"}));
}

TEST(IniSettings, IndentedLineAfterASectionBeginsASetting) {
    EXPECT_EQ(settings_of("[a]\n  x = 1\n  2\n[a]\n  x = 3\n"), (Settings{"2 [a] x=1", "3 [a] +x=2", "5 [a] x=3"}));
}

TEST(IniSettings, NameThatIsWrittenAgainBeginsAnew) {
    EXPECT_EQ(settings_of("[a]\nx = 1\nx = 2\n  3\nx = 4\n"),
              (Settings{"2 [a] x=1", "3 [a] x=2", "4 [a] +x=3", "5 [a] x=4"}));
}

TEST(IniSettings, LongNameStillGoesOn) {
    const std::string name(60, 'n');
    std::vector<bool> continues;
    read_ini("[a]\n" + name + " = 1\n  2\n", [&](const IniSetting& setting) {
        continues.push_back(setting.continues);
        return IniReading::go_on;
    });
    EXPECT_EQ(continues, (std::vector<bool>{false, true}));
}

TEST(IniSettings, SemicolonAfterABlankBeginsAComment) {
    EXPECT_EQ(settings_of("[a] ; no\nx = 1 ; no\ny = 1;2\nz = 1 # 2\n"),
              (Settings{"2 [a] x=1", "3 [a] y=1;2", "4 [a] z=1 # 2"}));
}

TEST(IniSettings, NamesAreComparedWithoutCaseAndGivenAsTheTableHasThem) {
    EXPECT_EQ(
        settings_of("[Host]\nKEY = /k\n[automount]\nmountfstab = no\n[BOOT]\nSystemd = yes\n[Service Web]\nCommand = "
                    "a\n[Other]\nKey = 1\n"),
        (Settings{"2 [host] key=/k", "4 [automount] mountFsTab=no", "6 [boot] systemd=yes", "8 [service Web] command=a",
                  "10 [Other] Key=1"}));
    EXPECT_EQ(settings_of("[Boot]\n  Command = a\n    b\n  TimeOut=5\n"),
              (Settings{"2 [boot] command=a", "3 [boot] +command=b", "4 [boot] timeout=5"}));
}

TEST(IniSettings, CommentDoesNotBeginInDoubleQuotes) {
    EXPECT_EQ(
        settings_of(
            "[a]\nx = \"1 ; 2\" ; no\nx = sh -c \"1 ; 2\" \"; 3\"\ny = 6\" ; no\ny = 6\" \" ; no\nz = ; \"no\"\n"),
        (Settings{"2 [a] x=\"1 ; 2\"", "3 [a] x=sh -c \"1 ; 2\" \"; 3\"", "4 [a] y=6\"", "5 [a] y=6\" \"",
                  "6 [a] z="}));
    EXPECT_EQ(settings_of("[boot]\ncommand = a\n  \"b ; c\" ; no\n"),
              (Settings{"2 [boot] command=a", "3 [boot] +command=\"b ; c\""}));
}

TEST(IniSettings, QuotesArePartOfTheValue) { EXPECT_EQ(settings_of("[a]\nx = \"1 \"\n"), Settings{"2 [a] x=\"1 \""}); }

TEST(IniSettings, ZeroByteEndsItsLineOnly) {
    EXPECT_EQ(settings_of(std::string_view("[a]\nx = 1\0 2\ny = 3\n", 18)), (Settings{"2 [a] x=1", "3 [a] y=3"}));
}

TEST(IniSettings, FirstWrongLineIsToldAndTheOthersAreRead) {
    const char* const text = "[a]\nwrong\nx = 1\nwrong\ny = 2\n";
    EXPECT_EQ(wrong_line_of(text), 2u);
    EXPECT_EQ(settings_of(text), (Settings{"3 [a] x=1", "5 [a] y=2"}));
}

TEST(IniSettings, WhatFollowsABrokenHeaderIsNotOfTheSectionBefore) {
    for (const std::string& header :
         std::vector<std::string>{"[b", "[b ;]", "[b\t;]", "[", " [b", "[" + std::string(300, 'b') + "]"}) {
        const std::string text = "[a]\n" + header + "\nx = 1\n  2\n[c]\ny = 3\n";
        EXPECT_EQ(wrong_line_of(text), 2u) << header;
        EXPECT_EQ(settings_of(text), Settings{"6 [c] y=3"}) << header;
    }
    EXPECT_EQ(settings_of("[a]\nx = 1\n[b\n  2\n"), Settings{"2 [a] x=1"});
}

TEST(IniSettings, LineThatGoesOnWithABracketBreaksNothing) {
    EXPECT_EQ(settings_of("[a]\nx = 1\n  [2\ny = [3\n[b]\nz = 4\n"),
              (Settings{"2 [a] x=1", "3 [a] +x=[2", "4 [a] y=[3", "6 [b] z=4"}));
}

TEST(IniSettings, ReaderMayStop) {
    std::size_t count = 0;
    const auto wrong_lines = read_ini("[a]\nx = 1\nx = 2\nwrong\n", [&count](const IniSetting&) {
        ++count;
        return IniReading::stop;
    });
    EXPECT_EQ(count, 1u);
    EXPECT_TRUE(wrong_lines.empty());
}

TEST(IniSettings, LongestLineIsReadWhole) {
    const std::string value(longest_ini_line - 4, 'v');
    EXPECT_EQ(settings_of("[a]\nx = " + value + "\r\ny = 2\n"), (Settings{"2 [a] x=" + value, "3 [a] y=2"}));
}

TEST(IniSettings, LongerLineIsCutAndSaysSo) {
    std::vector<bool> cut;
    const std::string longest = "x = " + std::string(longest_ini_line - 4, 'v');
    read_ini("[a]\n" + longest + "\n" + longest + "v\nx = 1\n" + longest + "v", [&cut](const IniSetting& setting) {
        cut.push_back(setting.is_cut);
        return IniReading::go_on;
    });
    EXPECT_EQ(cut, (std::vector<bool>{false, true, false, true}));
}

TEST(IniSettings, SectionIsCutWhereItSaysSo) {
    for (const std::size_t size : {cut_ini_section - 1, cut_ini_section, cut_ini_section + 1, cut_ini_section + 50}) {
        read_ini("[" + std::string(size, 's') + "]\nx = 1\n", [size](const IniSetting& setting) {
            EXPECT_EQ(setting.section.size(), std::min(size, cut_ini_section));
            return IniReading::go_on;
        });
    }
}

TEST(IniSettings, LineThatIsCutDoesNotSpoilTheNext) {
    const auto settings = settings_of("[a]\nx = " + std::string(5000, 'v') + "\ny = 2\n");
    ASSERT_EQ(settings.size(), 2u);
    EXPECT_EQ(settings[1], "3 [a] y=2");
}

TEST(IniSettings, EveryWrongLineIsFound) {
    using Lines = std::vector<std::size_t>;
    EXPECT_EQ(wrong_lines_of(
                  "wrong\n[a]\nx = 1\n  wrong, but goes on\n; no\n # no\nwrong\n\n[b\ny = 1\n[c]\n[d] wrong?\nwrong"),
              (Lines{1, 7, 9, 13}));
    // What Windows' editors put in front of a file.
    EXPECT_EQ(wrong_lines_of("\xEF\xBB\xBF[a]\nx = 1\n"), Lines{});
    EXPECT_EQ(wrong_lines_of("\xEF\xBB\xBF# comment\n"), Lines{});
    EXPECT_EQ(wrong_lines_of("\n\xEF\xBB\xBF[a]\n"), Lines{2});
    EXPECT_EQ(wrong_lines_of("[a]\n= 1\n: 2\nx\n"), Lines{4});
}

TEST(IniSettings, MessageThatNamesItsLineCanBeTakenApart) {
    EXPECT_EQ(split_ini_line(at_ini_line(12, "what: it is")),
              std::pair(std::size_t{12}, std::string_view("what: it is")));
    for (const char* text :
         {"", "line ", "line x: y", "line 3 y", "Line 3: y", "line : y", "line 99999999999999999999: y"}) {
        EXPECT_EQ(split_ini_line(text), std::nullopt) << text;
    }
}

TEST(IniSettings, SwitchesAreWrittenAsUsersWriteThem) {
    for (const char* word : {"yes", "true", "on", "1", "True", "YES", "On", "\"yes\"", "true # why"})
        EXPECT_EQ(parse_switch(word), true) << word;
    for (const char* word : {"no", "false", "off", "0", "False", "NO", "oFF"})
        EXPECT_EQ(parse_switch(word), false) << word;
    for (const char* word : {"", "2", "y", "t", " no", "# yes", "\"\"", "truefalse", "01", "enabled"}) {
        EXPECT_EQ(parse_switch(word), std::nullopt) << word;
    }
}

TEST(IniSettings, ValuesOfAWslConfMayHaveQuotesAndComments) {
    const std::pair<const char*, const char*> table[] = {
        {"true", "true"},
        {"true # why", "true"},
        {"true#why", "true"},
        {"\"/mnt\"", "/mnt"},
        {"\"a # b\" # c", "a # b"},
        {"\"open", "\"open"},
        {"# all", ""},
        {"\"\"", ""},
        {"", ""},
    };
    for (const auto& [value, meant] : table) EXPECT_EQ(wsl_value(value), meant) << value;
}

TEST(IniSettings, MessageNamesTheLine) { EXPECT_EQ(at_ini_line(12, "is odd"), "line 12: is odd"); }

}  // namespace
}  // namespace interop
