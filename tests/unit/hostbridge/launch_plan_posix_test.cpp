// SPDX-License-Identifier: MIT
#include "hostbridge/launch_plan_posix.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "proto/base/ascii_case.h"
#include "temporary_directory.h"

namespace hostbridge {
namespace {

class LaunchPlanTest : public testing::Test {
  protected:
    LaunchPlanTest() {
        for (const std::string name : {"wine", "native"}) {
            std::ofstream(directory_ / name) << "#!/bin/sh\n";
            EXPECT_EQ(::chmod((directory_ / name).c_str(), 0700), 0);
        }
        request_.program = "/programs/tool.exe";
        request_.image.kind = interop::ImageKind::pe;
        request_.image.bits = 64;
        request_.image.machine = interop::Machine::amd64;
        request_.image.subsystem = interop::Subsystem::windows_console;
        request_.argv = {"tool.exe"};
        request_.working_directory = "/work";
        request_.guest_working_directory = "/guest/work";
    }

    std::variant<LaunchPlan, LaunchFailure> plan(const std::string& runner, std::vector<std::string> own = {}) {
        own.push_back("PATH=" + directory_.path());
        own.push_back("WINEPREFIX=" + (directory_ / "prefix"));
        std::vector<const char*> variables;
        for (const std::string& variable : own) variables.push_back(variable.c_str());
        variables.push_back(nullptr);
        interop::RunnerTable runners;
        EXPECT_TRUE(runners.set("pe64=" + runner + " %p"));
        return plan_launch(request_, runners, Environment(variables.data()));
    }
    LaunchPlan plan_well(const std::string& runner, std::vector<std::string> own = {}) {
        auto planned = plan(runner, std::move(own));
        if (auto* failure = std::get_if<LaunchFailure>(&planned)) ADD_FAILURE() << failure->text;
        return std::holds_alternative<LaunchPlan>(planned) ? std::get<LaunchPlan>(std::move(planned)) : LaunchPlan{};
    }

    // Those whose names are `name` but for case, in the order of their spelling.
    static std::vector<std::string> called(std::string name, const LaunchPlan& plan) {
        std::vector<std::string> found;
        for (const std::string& variable : plan.environment.variables()) {
            if (proto::equals_ignoring_case(variable.substr(0, variable.find('=')), name)) found.push_back(variable);
        }
        std::ranges::sort(found);
        return found;
    }

    TemporaryDirectory directory_;
    ProcessRequest request_;
    const std::string long_directory_ = "/" + std::string(200, 'x') + "/" + std::string(200, 'y');
};

using Strings = std::vector<std::string>;

TEST_F(LaunchPlanTest, GivesWineNoTwoVariablesThatDifferInCaseOnly) {
    request_.environment = {{"foo", "guest"}, {"bar", "1"}, {"BAR", "2"}, {"winedebug", "+all"}, {"mzinit_depth", "7"}};
    const LaunchPlan planned = plan_well("wine", {"FOO=agent"});
    EXPECT_EQ(called("foo", planned), Strings{"FOO=guest"});
    EXPECT_EQ(called("bar", planned), Strings{"bar=2"});
    // As Wine itself and mzinit spell them.
    EXPECT_EQ(called("winedebug", planned), Strings{"WINEDEBUG=-all"});
    EXPECT_EQ(called("mzinit_depth", planned), Strings{"MZINIT_DEPTH=1"});
}

TEST_F(LaunchPlanTest, KeepsTheCaseOfNamesForOtherRunners) {
    request_.environment = {{"foo", "guest"}};
    EXPECT_EQ(called("foo", plan_well("native", {"FOO=agent"})), (Strings{"FOO=agent", "foo=guest"}));
}

TEST_F(LaunchPlanTest, StartsWineElsewhereThanInADirectoryWithALongName) {
    request_.passed_working_directory = 3;
    EXPECT_TRUE(plan_well("wine").uses_passed_directory);
    request_.fallback_directory = "/fallback";
    request_.working_directory = long_directory_;
    const LaunchPlan planned = plan_well("wine");
    EXPECT_EQ(planned.working_directory, "/fallback");
    EXPECT_FALSE(planned.uses_passed_directory);
    EXPECT_EQ(called("MZINIT_CWD", planned), Strings{"MZINIT_CWD=/guest/work"});
}

TEST_F(LaunchPlanTest, StartsWineElsewhereThanInADirectoryWithoutAName) {
    request_.passed_working_directory = 3;
    request_.fallback_directory = "/fallback";
    request_.working_directory.clear();
    request_.guest_working_directory.clear();
    const LaunchPlan planned = plan_well("wine", {"MZINIT_CWD=/old"});
    EXPECT_EQ(planned.working_directory, "/fallback");
    EXPECT_FALSE(planned.uses_passed_directory);
    EXPECT_EQ(called("MZINIT_CWD", planned), Strings());
}

TEST_F(LaunchPlanTest, RefusesADirectoryThatWineCannotUseIfThereIsNoOther) {
    request_.working_directory = long_directory_;
    const auto planned = plan("wine");
    ASSERT_TRUE(std::holds_alternative<LaunchFailure>(planned));
    EXPECT_EQ(std::get<LaunchFailure>(planned).code, mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY);
}

TEST_F(LaunchPlanTest, LeavesOtherRunnersWhereTheyAreToStart) {
    request_.passed_working_directory = 3;
    request_.fallback_directory = "/fallback";
    request_.working_directory = long_directory_;
    const LaunchPlan planned = plan_well("native");
    EXPECT_EQ(planned.working_directory, long_directory_);
    EXPECT_TRUE(planned.uses_passed_directory);
}

TEST_F(LaunchPlanTest, RefusesAProgramWhosePathWineTakesForAnothers) {
    for (const char* program :
         {"/share/tool.exe.", "/share/tool.exe ", "/share/sub./n.exe", "/share/..\\opt\\evil.exe"}) {
        request_.program = program;
        const auto planned = plan("wine");
        const auto* failure = std::get_if<LaunchFailure>(&planned);
        ASSERT_NE(failure, nullptr) << program;
        EXPECT_EQ(failure->code, mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
        EXPECT_FALSE(failure->started);
        EXPECT_EQ(plan_well("native").argv.back(), program);
    }
    request_.program = "/share/.a b/.././x.y.exe";
    EXPECT_FALSE(plan_well("wine").argv.empty());
}

TEST_F(LaunchPlanTest, GivesListsOfPathsTheFormThatTheRunnersProgramsKnow) {
    request_.path_lists = {{"LIST", {"/srv/a b/", "rel\\ative", "C:\\x", "/"}}};
    EXPECT_EQ(called("LIST", plan_well("wine")), std::vector<std::string>{"LIST=Z:\\srv\\a b\\;rel\\ative;C:\\x;Z:\\"});
    EXPECT_EQ(called("LIST", plan_well("native")), std::vector<std::string>{"LIST=/srv/a b/;rel\\ative;C:\\x;/"});
}

}  // namespace
}  // namespace hostbridge
