// SPDX-License-Identifier: MIT
#include "interop/route/runner.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

#include "interop/os/unique_fd.h"
#include "interop/route/runner_wine.h"

namespace interop {
namespace {

using Words = std::vector<std::string>;

ImageDescription console_program(unsigned bits) {
    ImageDescription image;
    image.kind = ImageKind::pe;
    image.bits = bits;
    image.machine = bits == 64 ? Machine::amd64 : Machine::i386;
    image.subsystem = Subsystem::windows_console;
    return image;
}

constexpr WineInstallation both_widths{.runs_64_bit = true, .runs_32_bit = true};

RunnerTable wine_table() { return RunnerTable::with_defaults(both_widths, false); }

TEST(ExpandCommand, PutsTheProgramWhereItsPlaceholderIs) {
    EXPECT_EQ(expand_command("wine %p --end", "/a b.exe").value(), (Words{"wine", "/a b.exe", "--end"}));
}

TEST(ExpandCommand, AddsTheProgramAtTheEndIfNoPlaceholderNamesIt) {
    EXPECT_EQ(expand_command("mono --debug", "x.exe").value(), (Words{"mono", "--debug", "x.exe"}));
}

TEST(ExpandCommand, KeepsBlanksInsideQuotesAndEmptyQuotedWords) {
    EXPECT_EQ(expand_command("\"/my wine/run\"  \"\" %p", "x").value(), (Words{"/my wine/run", "", "x"}));
}

TEST(ExpandCommand, ReadsTwoPercentSignsAsOne) {
    EXPECT_EQ(expand_command("run 100%% a%pb", "X").value(), (Words{"run", "100%", "aXb"}));
}

TEST(ExpandCommand, DoesNotSplitTheProgramsOwnName) {
    EXPECT_EQ(expand_command("run %p", "/a \"b\" %p.exe").value(), (Words{"run", "/a \"b\" %p.exe"}));
}

TEST(ExpandCommand, RefusesAnOpenQuoteAndAnEmptyCommand) {
    EXPECT_FALSE(expand_command("\"run", "x"));
    EXPECT_FALSE(expand_command("  ", "x"));
    EXPECT_FALSE(expand_command("\"\" %p", "x"));
}

TEST(RunnerKind, DependsOnTheWidthOfAProgram) {
    EXPECT_EQ(runner_kind(console_program(64)), "pe64");
    EXPECT_EQ(runner_kind(console_program(32)), "pe32");
}

TEST(RunnerKind, IsEmptyForWhatIsNoProgramForThisProcessor) {
    ImageDescription image = console_program(64);
    image.is_dll = true;
    EXPECT_EQ(runner_kind(image), "");
    image = console_program(64);
    image.subsystem = Subsystem::efi;
    EXPECT_EQ(runner_kind(image), "");
    image = console_program(64);
    image.machine = Machine::arm64;
    EXPECT_EQ(runner_kind(image), "");
    image = console_program(64);
    image.detail = "ARM64EC";
    EXPECT_EQ(runner_kind(image), "");
    EXPECT_EQ(runner_kind(ImageDescription{}), "");
}

TEST(RunnerKind, OfA16BitProgramIsWin16OnlyIfItIsForWindows) {
    EXPECT_EQ(runner_kind({.kind = ImageKind::ne, .bits = 16, .detail = "Windows"}), "win16");
    EXPECT_EQ(runner_kind({.kind = ImageKind::ne, .is_dll = true, .bits = 16, .detail = "Windows"}), "");
    EXPECT_EQ(runner_kind({.kind = ImageKind::ne, .bits = 16, .detail = "OS/2"}), "");
}

TEST(RunnerKind, OfAMixedModeProgramIsThatOfItsWidth) {
    ImageDescription image = console_program(32);
    image.managed = Managed::mixed;
    EXPECT_EQ(runner_kind(image), "pe32");
    image.managed = Managed::il;
    EXPECT_EQ(runner_kind(image), "dotnet");
}

TEST(RunnerTable, HasWineForBothWidthsAtFirst) {
    const RunnerTable table = wine_table();
    EXPECT_EQ(*table.find(console_program(64)), "wine %p");
    EXPECT_EQ(*table.find(console_program(32)), "wine %p");
}

TEST(RunnerTable, HasMonoForDotnetWhereItIsInstalled) {
    ImageDescription image = console_program(32);
    image.managed = Managed::il;
    EXPECT_EQ(*RunnerTable::with_defaults(both_widths, true).find(image), "mono %p");
    image.managed = Managed::mixed;
    EXPECT_EQ(*RunnerTable::with_defaults(both_widths, true).find(image), "wine %p");
}

TEST(RunnerTable, HasWineForWin16WhereItRuns32BitPrograms) {
    const ImageDescription image{.kind = ImageKind::ne, .bits = 16, .detail = "Windows"};
    EXPECT_EQ(*wine_table().find(image), "wine %p");
    EXPECT_EQ(RunnerTable::with_defaults({.runs_64_bit = true}, false).find(image), nullptr);
}

TEST(RunnerTable, HasWineOfAnyWidthForBatchFiles) {
    const ImageDescription image{.kind = ImageKind::batch};
    EXPECT_EQ(runner_kind(image), "batch");
    EXPECT_EQ(*RunnerTable::with_defaults({.runs_64_bit = true}, false).find(image), "wine %p");
    EXPECT_EQ(wine_problem(image, {.runs_64_bit = true}), "");
    EXPECT_EQ(wine_problem(image, {.runs_32_bit = true}), "");
}

TEST(RunnerTable, ReplacesAndRemovesCommands) {
    RunnerTable table = wine_table();
    ASSERT_TRUE(table.set("pe64=/opt/run %p=x"));
    ASSERT_TRUE(table.set("pe32="));
    EXPECT_EQ(*table.find(console_program(64)), "/opt/run %p=x");
    EXPECT_EQ(table.find(console_program(32)), nullptr);
}

TEST(RunnerTable, RefusesUnknownKindsAndBrokenCommands) {
    RunnerTable table;
    EXPECT_FALSE(table.set("pe128=x"));
    EXPECT_FALSE(table.set("pe64"));
    EXPECT_FALSE(table.set("pe64=\"x"));
}

TEST(RunnerTable, RunsDotnetProgramsLikeOthersOfTheirWidthUnlessTheyHaveARunner) {
    RunnerTable table = wine_table();
    ImageDescription image = console_program(32);
    image.managed = Managed::il;
    EXPECT_EQ(*table.find(image), "wine %p");
    ASSERT_TRUE(table.set("dotnet=mono %p"));
    EXPECT_EQ(*table.find(image), "mono %p");
}

TEST(RunnerRefusal, IsNothingForAProgramThatWineCanRun) {
    EXPECT_FALSE(runner_refusal(console_program(64), wine_table(), both_widths));
    EXPECT_FALSE(runner_refusal(console_program(32), wine_table(), both_widths));
}

TEST(RunnerRefusal, NamesTheInstallCommandWhereNo32BitWineIs) {
    const auto refused = runner_refusal(console_program(32), wine_table(), {.runs_64_bit = true});
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->reason, RunnerRefusal::Reason::wrong_machine);
    EXPECT_NE(refused->text.find("dpkg --add-architecture i386"), std::string::npos);
    EXPECT_NE(refused->text.find("wine32:i386"), std::string::npos);
}

TEST(RunnerRefusal, DoesNotAskAboutWineWhenAnotherProgramIsTheRunner) {
    RunnerTable table;
    ASSERT_TRUE(table.set("pe32=/opt/stand-in %p"));
    EXPECT_FALSE(runner_refusal(console_program(32), table, {}));
}

TEST(RunnerRefusal, SaysThatADllIsNoProgram) {
    ImageDescription image = console_program(64);
    image.is_dll = true;
    const auto refused = runner_refusal(image, wine_table(), both_widths);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->reason, RunnerRefusal::Reason::bad_format);
    EXPECT_NE(refused->text.find(describe(image)), std::string::npos);
}

TEST(RunnerRefusal, SaysThatAProgramIsForAnotherProcessor) {
    ImageDescription image = console_program(64);
    image.machine = Machine::arm64;
    const auto refused = runner_refusal(image, wine_table(), both_widths);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->reason, RunnerRefusal::Reason::wrong_machine);
}

TEST(RunnerRefusal, SaysWhenThereIsNoRunner) {
    ImageDescription image;
    image.kind = ImageKind::dos;
    const auto refused = runner_refusal(image, wine_table(), both_widths);
    ASSERT_TRUE(refused);
    EXPECT_NE(refused->text.find("no runner"), std::string::npos);
}

TEST(WineProblem, IsNothingForA64BitWineAndDotnetForAnyProcessor) {
    ImageDescription image = console_program(32);
    image.managed = Managed::il;
    image.detail = "any CPU";
    EXPECT_EQ(wine_problem(image, {.runs_64_bit = true}), "");
    image.detail = "any CPU, 32-bit preferred";
    EXPECT_NE(wine_problem(image, {.runs_64_bit = true}), "");
}

TEST(IsWine, KnowsTheStartersOfDistributions) {
    EXPECT_TRUE(is_wine("wine"));
    EXPECT_TRUE(is_wine("/usr/bin/wine64"));
    EXPECT_TRUE(is_wine("/opt/wine-stable/bin/wine-stable"));
    EXPECT_FALSE(is_wine("/opt/wine/bin/my-runner"));
    EXPECT_FALSE(is_wine("wineserver"));
}

WineInstallation find_among(std::set<std::string> files) {
    return find_wine([&](const std::string& path) { return files.contains(path); }, "/usr/local/bin:/usr/bin");
}

TEST(FindWine, TellsDebians64BitLoaderFromThe32BitOne) {
    const auto only_64 = find_among({"/usr/bin/wine", "/usr/lib/wine/wine64"});
    EXPECT_TRUE(only_64.runs_64_bit);
    EXPECT_FALSE(only_64.runs_32_bit);
    const auto both = find_among({"/usr/bin/wine", "/usr/lib/wine/wine64", "/usr/lib/wine/wine"});
    EXPECT_TRUE(both.runs_64_bit);
    EXPECT_TRUE(both.runs_32_bit);
}

TEST(FindWine, KnowsTheStarters) {
    const auto debian = find_among({"/usr/bin/wine", "/usr/lib/wine/wine64"});
    EXPECT_EQ(debian.starter, "/usr/bin/wine");
    EXPECT_EQ(debian.starter_64, "");
    const auto upstream = find_among({"/usr/local/bin/wine", "/usr/bin/wine64"});
    EXPECT_EQ(upstream.starter, "/usr/local/bin/wine");
    EXPECT_EQ(upstream.starter_64, "/usr/bin/wine64");
    EXPECT_EQ(find_among({"/usr/bin/wine64"}).starter, "/usr/bin/wine64");
}

TEST(FindWine, FindsNothingWithoutAStarterOnThePath) {
    const auto none = find_among({"/usr/lib/wine/wine64", "/usr/lib/wine/wine"});
    EXPECT_FALSE(none.runs_64_bit);
    EXPECT_FALSE(none.runs_32_bit);
}

VariableLookup environment(std::vector<std::pair<std::string, std::string>> variables) {
    return [variables](std::string_view name) -> std::optional<std::string> {
        for (const auto& [each, value] : variables) {
            if (each == name) return value;
        }
        return std::nullopt;
    };
}

using Additions = std::vector<std::pair<std::string, std::string>>;

TEST(WineEnvironment, SilencesWineAndItsDebugger) {
    EXPECT_EQ(wine_environment(environment({})),
              (Additions{{"WINEDEBUG", "-all"}, {"WINEDLLOVERRIDES", "winedbg.exe=d"}}));
}

TEST(WineEnvironment, KeepsWhatTheUserHasDecided) {
    EXPECT_EQ(wine_environment(environment({{"WINEDEBUG", "+relay"}, {"WINEDLLOVERRIDES", "winedbg.exe=b"}})),
              Additions{});
    EXPECT_EQ(wine_environment(environment({{"WINEDEBUG", ""}, {"WINEDLLOVERRIDES", "mshtml=d"}})),
              (Additions{{"WINEDLLOVERRIDES", "mshtml=d;winedbg.exe=d"}}));
}

TEST(WinePrefix, IsTheVariableOrInTheHomeDirectory) {
    EXPECT_EQ(wine_prefix(environment({{"WINEPREFIX", "/p"}, {"HOME", "/h"}})), "/p");
    EXPECT_EQ(wine_prefix(environment({{"WINEPREFIX", ""}, {"HOME", "/h"}})), "/h/.wine");
    EXPECT_EQ(wine_prefix(environment({})), "");
}

std::string prefix_problem(const VariableLookup& variables, std::vector<std::pair<std::string, uid_t>> owners) {
    return wine_prefix_problem(variables, 1000, [owners](const std::string& path) -> std::optional<uid_t> {
        for (const auto& [each, owner] : owners) {
            if (each == path) return owner;
        }
        return std::nullopt;
    });
}

TEST(WinePrefixProblem, IsNothingForAPrefixOfOnesOwnAndForOneThatCanBeMade) {
    EXPECT_EQ(prefix_problem(environment({{"HOME", "/h"}}), {{"/h", 1000}, {"/h/.wine", 1000}}), "");
    EXPECT_EQ(prefix_problem(environment({{"HOME", "/h"}}), {{"/h", 1000}}), "");
    EXPECT_EQ(prefix_problem(environment({{"WINEPREFIX", "/tmp/p"}, {"HOME", "/h"}}), {{"/tmp", 0}, {"/h", 0}}), "");
}

TEST(WinePrefixProblem, NamesThePrefixOfAnotherUser) {
    EXPECT_NE(prefix_problem(environment({{"WINEPREFIX", "/p"}}), {{"/p", 0}}).find("Wine's prefix /p belongs to"),
              std::string::npos);
}

TEST(WinePrefixProblem, KeepsOutOfTheHomeOfAnotherUser) {
    EXPECT_NE(prefix_problem(environment({{"HOME", "/h"}}), {{"/h", 0}}).find("would be in /h"), std::string::npos);
}

TEST(WinePrefixProblem, SaysWhichVariablesAreMissingOrWrong) {
    EXPECT_NE(prefix_problem(environment({}), {}).find("neither WINEPREFIX nor HOME"), std::string::npos);
    EXPECT_NE(prefix_problem(environment({{"WINEPREFIX", "p"}}), {}).find("not an absolute path"), std::string::npos);
}

/// A prefix and a server directory as Debian's wineserver leaves them.
class WineServerRuns : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "wineXXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root_ = pattern;
        prefix_ = root_ + "/prefix";
        ASSERT_EQ(::mkdir(prefix_.c_str(), 0700), 0);
        std::ofstream(prefix_ + "/wineserver") << "wine-abcdef";
        struct stat status {};
        ASSERT_EQ(::stat(prefix_.c_str(), &status), 0);
        std::array<char, 64> name{};
        std::snprintf(name.data(), name.size(), "/server-%lx-%lx", static_cast<unsigned long>(status.st_dev),
                      static_cast<unsigned long>(status.st_ino));
        ASSERT_EQ(::mkdir((root_ + "/wine-abcdef").c_str(), 0700), 0);
        directory_ = root_ + "/wine-abcdef" + name.data();
        ASSERT_EQ(::mkdir(directory_.c_str(), 0700), 0);
        std::ofstream(directory_ + "/lock");
    }

    bool runs() const { return wine_server_runs(prefix_, environment({{"TMPDIR", root_}})); }

    std::string root_;
    std::string prefix_;
    std::string directory_;
};

TEST_F(WineServerRuns, IsFalseForALockFileThatAServerLeftBehind) { EXPECT_FALSE(runs()); }

TEST_F(WineServerRuns, IsTrueWhileAnotherProcessHoldsTheLock) {
    std::array<int, 2> ready{};
    std::array<int, 2> done{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    ASSERT_EQ(::pipe(done.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const int file = ::open((directory_ + "/lock").c_str(), O_RDWR);
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_len = 1;
        char byte = ::fcntl(file, F_SETLK, &lock) == 0 ? 'y' : 'n';
        static_cast<void>(!::write(ready[1], &byte, 1));
        ::close(done[1]);
        static_cast<void>(!::read(done[0], &byte, 1));
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'y');
    EXPECT_TRUE(runs());
    for (const int fd : {ready[0], ready[1], done[0], done[1]}) ::close(fd);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_FALSE(runs());
}

TEST_F(WineServerRuns, IsFalseWithoutAPrefix) {
    EXPECT_FALSE(wine_server_runs(root_ + "/none", environment({{"TMPDIR", root_}})));
    EXPECT_FALSE(wine_server_runs("", environment({})));
}

}  // namespace
}  // namespace interop
