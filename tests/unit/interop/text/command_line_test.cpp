// SPDX-License-Identifier: MIT
#include "interop/text/command_line.h"

#include <gtest/gtest.h>

#include <random>

#include "interop/text/utf16.h"

namespace interop {
namespace {

std::string line_of(const std::vector<std::string>& argv) {
    const auto line = build_command_line(argv);
    return line ? utf16_to_utf8(*line) : line.error().message();
}

std::string batch_line_of(std::string_view script, const std::vector<std::string>& argv) {
    const auto line = build_batch_command_line(script, argv);
    return line ? utf16_to_utf8(*line) : line.error().message();
}

std::error_code fault_of(const proto::Result<std::u16string>& line) {
    return line ? std::error_code() : line.error().code;
}

/// The rules of the Microsoft C runtime, written from its documentation, as a second opinion.
std::vector<std::string> parse_as_c_runtime(const std::string& line) {
    std::vector<std::string> argv(1);
    std::size_t at = 0;
    for (bool is_quoted = false; at < line.size() && (is_quoted || (line[at] != ' ' && line[at] != '\t')); ++at) {
        if (line[at] == '"') {
            is_quoted = !is_quoted;
        } else {
            argv[0] += line[at];
        }
    }
    for (;;) {
        at = line.find_first_not_of(" \t", at);
        if (at == std::string::npos) return argv;
        std::string argument;
        for (bool is_quoted = false; at < line.size() && (is_quoted || (line[at] != ' ' && line[at] != '\t'));) {
            std::size_t backslashes = 0;
            while (at < line.size() && line[at] == '\\') ++backslashes, ++at;
            if (at >= line.size() || line[at] != '"') {
                argument.append(backslashes, '\\');
                if (at < line.size() && (is_quoted || (line[at] != ' ' && line[at] != '\t'))) argument += line[at++];
                continue;
            }
            argument.append(backslashes / 2, '\\');
            if (backslashes % 2 == 1) {
                argument += '"';
            } else {
                is_quoted = !is_quoted;
            }
            ++at;
        }
        argv.push_back(argument);
    }
}

TEST(CommandLine, LeavesPlainArgumentsAlone) {
    EXPECT_EQ(line_of({"args.exe", "a", "b\\c", "d\\\\e\\", "/x:y", "\xC3\xBC"}),
              "args.exe a b\\c d\\\\e\\ /x:y \xC3\xBC");
}

TEST(CommandLine, QuotesEmptyArgumentsAndWhiteSpace) {
    EXPECT_EQ(line_of({"p", "", "b c", "t\tt", "n\nn", "r\rr", "v\vv"}),
              "p \"\" \"b c\" \"t\tt\" \"n\nn\" \"r\rr\" \"v\vv\"");
}

TEST(CommandLine, EscapesQuotesWithBackslashes) {
    EXPECT_EQ(line_of({"p", "d\"e", "\"", "\"\""}), "p \"d\\\"e\" \"\\\"\" \"\\\"\\\"\"");
}

TEST(CommandLine, DoublesBackslashesOnlyBeforeQuotes) {
    EXPECT_EQ(line_of({"p", "f\\", "g\\\\\"h", "i j\\", "k l\\\\", "m\\n o"}),
              "p f\\ \"g\\\\\\\\\\\"h\" \"i j\\\\\" \"k l\\\\\\\\\" \"m\\n o\"");
}

TEST(CommandLine, GivesTheProgramNameNoBackslashEscapes) {
    EXPECT_EQ(line_of({"C:\\Program Files\\", "x"}), "\"C:\\Program Files\\\" x");
    EXPECT_EQ(line_of({""}), "\"\"");
    EXPECT_EQ(line_of({"bash )"}), "\"bash )\"");
    EXPECT_EQ(fault_of(build_command_line({"a\"b"})), CommandLineFault::quote_in_program_name);
}

TEST(CommandLine, SurvivesTheParserOfTheCRuntime) {
    std::mt19937 random(20261);
    const std::string alphabet = "ab \t\"\\\\\"\"\\%^&'\n";
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::string> argv{"my program.exe"};
        for (std::size_t count = random() % 6; count > 0; --count) {
            std::string argument;
            for (std::size_t length = random() % 9; length > 0; --length)
                argument += alphabet[random() % alphabet.size()];
            argv.push_back(argument);
        }
        ASSERT_EQ(parse_as_c_runtime(line_of(argv)), argv) << line_of(argv);
    }
}

TEST(CommandLine, NamesTheArgumentThatIsNotUtf8) {
    const auto line = build_command_line({"p", "ok", "\xFF\xFE"});
    EXPECT_EQ(fault_of(line), CommandLineFault::not_utf8);
    EXPECT_EQ(line.error().message(), "argument 2: not valid UTF-8, which Windows programs cannot be given");
}

TEST(CommandLine, RefusesEmbeddedNul) {
    const auto line = build_command_line({"p", std::string("a\0b", 3)});
    EXPECT_EQ(fault_of(line), CommandLineFault::embedded_nul);
    EXPECT_EQ(line.error().doing, "argument 1");
}

TEST(CommandLine, IsLimitedTo32766UnitsWithoutTheNul) {
    EXPECT_TRUE(build_command_line({"p", std::string(32764, 'a')}));
    EXPECT_EQ(fault_of(build_command_line({"p", std::string(32765, 'a')})), CommandLineFault::too_long);
    // A character outside the basic plane takes two units.
    std::string faces;
    for (int count = 0; count < 16383; ++count) faces += "\xF0\x9F\x98\x80";
    EXPECT_EQ(fault_of(build_command_line({"p", faces})), CommandLineFault::too_long);
    EXPECT_EQ(fault_of(build_command_line(std::vector<std::string>(100000, "x"))), CommandLineFault::too_long);
}

TEST(CommandLine, TakesARawTailAsItIs) {
    const auto line = build_raw_command_line("my prog", "/x \"a\"\"b\" \\\" c");
    ASSERT_TRUE(line);
    EXPECT_EQ(*line, u"\"my prog\" /x \"a\"\"b\" \\\" c");
    EXPECT_EQ(*build_raw_command_line("p", ""), u"p");
    EXPECT_EQ(fault_of(build_raw_command_line("p", std::string_view("\0", 1))), CommandLineFault::embedded_nul);
    EXPECT_EQ(fault_of(build_raw_command_line("p", std::string(32766, 'a'))), CommandLineFault::too_long);
}

TEST(CommandLine, HasARawTailOfTheWordsWithBlanksBetweenThem) {
    EXPECT_EQ(raw_command_tail({}), "");
    EXPECT_EQ(raw_command_tail({"/c \"a  b\" "}), "/c \"a  b\" ");
    EXPECT_EQ(raw_command_tail({"/c", "", "\"x", "y\""}), "/c  \"x y\"");
}

TEST(CommandLine, ShortensTheProgramNameOnlyIfItIsThePathOfExecution) {
    EXPECT_EQ(windows_argv0("/mnt/c/Windows/System32/cmd.exe", "/mnt/c/Windows/System32/cmd.exe"), "cmd.exe");
    EXPECT_EQ(windows_argv0("./args.exe", "./args.exe"), "args.exe");
    EXPECT_EQ(windows_argv0("args.exe", "args.exe"), "args.exe");
    EXPECT_EQ(windows_argv0("/usr/bin/args.exe", "args.exe"), "args.exe");
    EXPECT_EQ(windows_argv0("/usr/bin/args.exe", "/other/name"), "/other/name");
    EXPECT_EQ(windows_argv0("/usr/bin/args.exe", ""), "");
}

TEST(BatchFile, IsToldByTheNameThatWindowsSees) {
    for (const char* path : {"x.bat", "C:\\d\\X.BAT", "x.cmd", "C:/d/x.Cmd", "x.bat.", "x.bat ", "x.cmd. . .",
                             "a.exe.bat", "C:x.bat", "x.bat:stream", "C:\\x.bat::$DATA", "x.bat .:s", ".bat"}) {
        EXPECT_TRUE(is_batch_file(path)) << path;
    }
    for (const char* path :
         {"x.exe", "x.bat\\y.exe", "bat", "xbat", "x.bat.exe", "x.ba", "", "C:\\", "x.batx", "...", "C:"}) {
        EXPECT_FALSE(is_batch_file(path)) << path;
    }
}

TEST(BatchFile, IsRunByCmdWithEverythingButPlainWordsQuoted) {
    EXPECT_EQ(
        batch_line_of("C:\\my dir\\x.bat", {"x.bat", "plain-1.0", "a b", "", "&calc", "a^b", "c:\\d\\", "(x)", "a!b"}),
        "cmd.exe /e:ON /v:OFF /d /c \"\"C:\\my dir\\x.bat\" plain-1.0 \"a b\" \"\" \"&calc\" \"a^b\" \"c:\\d\\\\\" "
        "\"(x)\" "
        "\"a!b\"\"");
}

TEST(BatchFile, IsNotGivenWhatCmdWouldInterpret) {
    for (const char* argument : {"\"&calc.exe", "%PATH%", "%", "a\nb", "a\rb",
                                 "a\x1A"
                                 "b",
                                 "a\x08", "\x7F"}) {
        const auto line = build_batch_command_line("C:\\x.bat", {"x.bat", "fine", argument});
        EXPECT_EQ(fault_of(line), CommandLineFault::unsafe_for_cmd) << argument;
        EXPECT_EQ(line.error().doing, "argument 2");
    }
    EXPECT_EQ(fault_of(build_batch_command_line("C:\\%x%.bat", {"x"})), CommandLineFault::unsafe_for_cmd);
    EXPECT_EQ(fault_of(build_batch_command_line("C:\\\"x.bat", {"x"})), CommandLineFault::unsafe_for_cmd);
}

TEST(BatchFile, HasACommandThatCmdReadsAsIfTyped) {
    const auto command = build_batch_command("Z:\\x.bat", {"x.bat", "a&b", "c"});
    ASSERT_TRUE(command);
    EXPECT_EQ(utf16_to_utf8(*command), "\"Z:\\x.bat\" \"a&b\" c");
    EXPECT_EQ(batch_line_of("Z:\\x.bat", {"x.bat", "a&b", "c"}),
              "cmd.exe /e:ON /v:OFF /d /c \"" + utf16_to_utf8(*command) + "\"");
}

TEST(BatchFile, HasEveryArgumentPlainOrQuotedOrRefused) {
    const std::string hostile = " &|<>^(),;=!~`'[]{}";
    for (int code = 1; code < 0x80; ++code) {
        const char c = static_cast<char>(code);
        const std::string argument = std::string("a") + c + "whoami";
        const auto command = build_batch_command("Z:\\x.bat", {"x.bat", argument});
        const bool refused = c == '"' || c == '%' || (c < ' ' && c != '\t') || c == 0x7F;
        ASSERT_EQ(command.has_value(), !refused) << code;
        if (refused) {
            EXPECT_EQ(command.error().code, make_error_code(CommandLineFault::unsafe_for_cmd));
            EXPECT_EQ(command.error().doing, "argument 1");
        } else if (hostile.find(c) != std::string::npos) {
            EXPECT_EQ(utf16_to_utf8(*command), "\"Z:\\x.bat\" \"" + argument + "\"") << code;
        }
    }
}

/// What of `command` cmd.exe looks at as more than text, by its rule that every quote begins or ends a quoted part.
std::string outside_quotes(const std::string& command) {
    std::string outside;
    bool quoted = false;
    for (const char c : command) {
        if (c == '"') quoted = !quoted;
        if (!quoted && c != '"') outside += c;
    }
    return quoted ? "a quote is open" : outside;
}

TEST(BatchFile, HasNothingButPlainWordsOutsideQuotes) {
    std::mt19937 random(20262);
    const std::string alphabet = "ab \t\"\\\\%^&|<>()!,;=@~*?\n\r'`/:.-_\xC3\xBC";
    int made = 0;
    for (int round = 0; round < 20000; ++round) {
        std::vector<std::string> argv{"x.bat"};
        for (std::size_t count = random() % 4; count > 0; --count) {
            std::string argument;
            for (std::size_t length = random() % 6; length > 0; --length)
                argument += alphabet[random() % alphabet.size()];
            argv.push_back(argument);
        }
        const auto command = build_batch_command("Z:\\a&b.bat", argv);
        if (!command) continue;
        ++made;
        const std::string outside = outside_quotes(utf16_to_utf8(*command));
        ASSERT_EQ(outside.find_first_not_of("ab \\@*?/:.-_"), std::string::npos) << utf16_to_utf8(*command);
        ASSERT_EQ(utf16_to_utf8(*command).find_first_of("%\r\n"), std::string::npos);
        // A program that the batch file gives all of it reads what was meant.
        std::vector<std::string> received = parse_as_c_runtime(utf16_to_utf8(*command));
        received[0] = argv[0];
        ASSERT_EQ(received, argv);
    }
    EXPECT_GT(made, 2000);
}

TEST(BatchFile, HasTheShorterLimitOfCmd) {
    EXPECT_TRUE(build_batch_command_line("C:\\x.bat", {"x", std::string(8000, 'a')}));
    EXPECT_EQ(fault_of(build_batch_command_line("C:\\x.bat", {"x", std::string(8192, 'a')})),
              CommandLineFault::too_long);
}

}  // namespace
}  // namespace interop
