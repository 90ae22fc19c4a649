// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_desktop.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace interop {
namespace {

/// A stand-in for Wine's starter, a script with a directory of its own.
class WineDesktopTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "desktopXXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }

    void TearDown() override { std::filesystem::remove_all(directory_); }

    /// `as_cmd` is what it does as cmd.exe, once it has written its process id into the file `holder`.
    std::string wine(const std::string& as_cmd) {
        const std::string path = directory_ + "/wine";
        std::ofstream(path) << "#!/bin/sh\ncd " << directory_ << "\necho \"$*\" >> started\n"
                            << "case $1 in cmd.exe) echo $$ > holder; " << as_cmd << ";; esac\n";
        ::chmod(path.c_str(), 0755);
        return path;
    }

    std::string file(const std::string& name) const {
        std::ifstream stream(directory_ + "/" + name);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    pid_t holder() const { return static_cast<pid_t>(std::stol(file("holder"))); }

    std::string directory_;
    std::vector<std::string> environment_{"PATH=/usr/bin:/bin"};
};

constexpr const char* says_what_it_is_and_reads = "echo Microsoft Windows; exec cat";
constexpr const char* both = "cmd.exe\nregsvr32.exe /s\n";

TEST_F(WineDesktopTest, IsHeldByAProgramThatHasStartedBeforeAnotherNeedsAWindow) {
    WineDesktop desktop;
    ASSERT_TRUE(desktop.hold(wine(says_what_it_is_and_reads), environment_));
    EXPECT_EQ(file("started"), both);
    EXPECT_EQ(::kill(holder(), 0), 0);
}

TEST_F(WineDesktopTest, IsNotMadeAgainWhileItIsHeld) {
    WineDesktop desktop;
    const std::string starter = wine(says_what_it_is_and_reads);
    ASSERT_TRUE(desktop.hold(starter, environment_));
    ASSERT_TRUE(desktop.hold(starter, environment_));
    EXPECT_EQ(file("started"), both);
}

TEST_F(WineDesktopTest, IsMadeAgainWhenItsHolderHasEnded) {
    WineDesktop desktop;
    const std::string starter = wine(says_what_it_is_and_reads);
    ASSERT_TRUE(desktop.hold(starter, environment_));
    const pid_t first = holder();
    ASSERT_EQ(::kill(first, SIGKILL), 0);
    siginfo_t ended{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(first), &ended, WEXITED | WNOWAIT), 0);
    ASSERT_TRUE(desktop.hold(starter, environment_));
    EXPECT_EQ(file("started"), std::string(both) + both);
    EXPECT_NE(holder(), first);
}

TEST_F(WineDesktopTest, IsHeldWhenTheStarterHasEndedBeforeWhatItStarted) {
    // As where Wine's starter only starts cmd.exe.
    WineDesktop desktop;
    const std::string starter = wine("exec 3<&0; { echo Microsoft Windows; exec cat; } <&3 3<&- & exit 0");
    ASSERT_TRUE(desktop.hold(starter, environment_));
    siginfo_t ended{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(holder()), &ended, WEXITED | WNOWAIT), 0);
    ASSERT_TRUE(desktop.hold(starter, environment_));
    EXPECT_EQ(file("started"), both);
}

TEST_F(WineDesktopTest, IsAnErrorWhenTheHolderEndsWithoutAWord) {
    WineDesktop desktop;
    const auto held = desktop.hold(wine("exit 1"), environment_);
    ASSERT_FALSE(held);
    EXPECT_NE(held.error().message().find("cmd.exe has ended"), std::string::npos) << held.error().message();
    EXPECT_EQ(file("started"), "cmd.exe\n");
}

TEST_F(WineDesktopTest, IsAnErrorWithoutAStarter) {
    WineDesktop desktop;
    EXPECT_FALSE(desktop.hold(directory_ + "/none", environment_));
}

TEST_F(WineDesktopTest, IsLeftWithTheObject) {
    std::optional<WineDesktop> desktop(std::in_place);
    ASSERT_TRUE(desktop->hold(wine(says_what_it_is_and_reads), environment_));
    const pid_t first = holder();
    desktop.reset();
    // Reaped by either of us.
    EXPECT_TRUE(::waitpid(first, nullptr, 0) == first || errno == ECHILD);
}

}  // namespace
}  // namespace interop
