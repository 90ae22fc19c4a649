// SPDX-License-Identifier: MIT
#include "init/report_command.h"

#include <csignal>

#include <gtest/gtest.h>

namespace init {
namespace {

using Words = std::vector<std::string>;

interop::EndedCommand ended_of(const Words& words) {
    auto options = parse_report_options(words);
    EXPECT_TRUE(options) << (options ? "" : options.error().message());
    return options ? options->ended : interop::EndedCommand();
}

std::string complaint_about(const Words& words) {
    const auto options = parse_report_options(words);
    EXPECT_FALSE(options);
    return options ? "" : options.error().message();
}

TEST(ReportCommand, ReadsCodeSignalAndMachine) {
    const auto exited = ended_of({"--machine", "guest", "--exit-code", "3", "/bin/sh", "-c", "exit 3"});
    EXPECT_EQ(exited.machine, "guest");
    EXPECT_EQ(exited.exit_code, 3);
    EXPECT_EQ(exited.signal, 0);
    EXPECT_EQ(exited.words, (Words{"/bin/sh", "-c", "exit 3"}));
    const auto killed = ended_of({"--signal=9", "--machine=a=b", "x"});
    EXPECT_EQ(killed.machine, "a=b");
    EXPECT_EQ(killed.signal, SIGKILL);
}

TEST(ReportCommand, LeavesTheCommandsOwnWordsAlone) {
    EXPECT_EQ(ended_of({"--exit-code", "0", "--", "--signal", "9", "--"}).words, (Words{"--signal", "9", "--"}));
    EXPECT_EQ(ended_of({"--exit-code", "0", "status", "--help", "[a,b]", ""}).words,
              (Words{"status", "--help", "[a,b]", ""}));
    EXPECT_EQ(ended_of({"--exit-code", "0", ""}).words, (Words{""}));
}

TEST(ReportCommand, WantsExactlyOneStatus) {
    EXPECT_EQ(complaint_about({"x"}), "exactly one of --exit-code and --signal is needed");
    EXPECT_EQ(complaint_about({"--exit-code", "0", "--signal", "9", "x"}),
              "exactly one of --exit-code and --signal is needed");
}

TEST(ReportCommand, WantsNumbersInTheirRanges) {
    for (const char* number : {"", "-1", "256", "3x", " 3", "+3", "0x3", "99999999999"}) {
        EXPECT_EQ(complaint_about({"--exit-code", number, "x"}),
                  "--exit-code: \"" + std::string(number) + "\" is not a number from 0 to 255");
    }
    for (const char* number : {"0", "65", "KILL"}) complaint_about({"--signal", number, "x"});
    EXPECT_EQ(ended_of({"--signal", "64", "x"}).signal, 64);
}

TEST(ReportCommand, WantsACommandAndValues) {
    EXPECT_EQ(complaint_about({"--exit-code", "0"}), "no command was given");
    EXPECT_EQ(complaint_about({"--exit-code", "0", "--"}), "no command was given");
    EXPECT_EQ(complaint_about({"--exit-code"}), "--exit-code needs a value");
    EXPECT_EQ(complaint_about({"--quiet", "--exit-code", "0", "x"}), "option --quiet is not known");
    EXPECT_EQ(complaint_about({"-"}), "option - is not known");
}

TEST(ReportCommand, WantsAMachineNameThatCanBeSent) {
    for (const std::string& name : {std::string(), std::string(256, 'm'), std::string("caf\xe9")}) {
        EXPECT_EQ(complaint_about({"--machine", name, "--exit-code", "0", "x"}),
                  "--machine: a name has 1 to 255 bytes of UTF-8");
    }
}

TEST(ReportCommand, AnswersHelpOnlyBeforeTheCommand) {
    EXPECT_TRUE(parse_report_options({"--help"}).value().wants_help);
    EXPECT_TRUE(parse_report_options({"--exit-code", "0", "-h"}).value().wants_help);
    EXPECT_FALSE(parse_report_options({"--exit-code", "0", "x", "-h"}).value().wants_help);
}

}  // namespace
}  // namespace init
