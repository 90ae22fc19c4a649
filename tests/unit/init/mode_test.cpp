// SPDX-License-Identifier: MIT
#include "init/mode.h"

#include <gtest/gtest.h>

namespace init {
namespace {

TEST(Mode, KernelsWordMakesInterpreterWhateverElseHolds) {
    for (const bool first : {false, true}) {
        for (const bool initial : {false, true}) {
            for (const char* name : {"./a.exe", "status", "--help", "--register"}) {
                const StartFacts facts{.is_binfmt_interpreter = true,
                                       .is_first_process = first,
                                       .in_initial_pid_namespace = initial,
                                       .argv1 = name};
                EXPECT_EQ(decide_mode(facts), Mode::interpreter) << name << first << initial;
            }
        }
    }
}

TEST(Mode, OldKernelsInterpreterIsKnownByNameAndFile) {
    const StartFacts old{
        .kernel_tells_interpreters = false, .argv0_is_own_path = true, .argv1_is_mz_file = true, .argv1 = "a.exe"};
    EXPECT_EQ(decide_mode(old), Mode::interpreter);
    StartFacts facts = old;
    facts.kernel_tells_interpreters = true;
    EXPECT_EQ(decide_mode(facts), Mode::container_init);
    facts = old;
    facts.argv0_is_own_path = false;
    EXPECT_EQ(decide_mode(facts), Mode::container_init);
    facts = old;
    facts.argv1_is_mz_file = false;
    EXPECT_EQ(decide_mode(facts), Mode::container_init);
    facts = old;
    facts.is_first_process = true;
    EXPECT_EQ(decide_mode(facts), Mode::container_init);
}

TEST(Mode, SubcommandsAndQuestionsAreForTheCommandLine) {
    for (const char* word :
         {"register", "unregister", "status", "run", "identify", "broker", "report", "path", "--version", "--help", "-h"}) {
        EXPECT_EQ(decide_mode({.argv1 = word}), Mode::command_line) << word;
        EXPECT_EQ(decide_mode({.is_first_process = true, .argv1 = word}), Mode::command_line) << word;
    }
}

TEST(Mode, PathCommandIsNoInitByItsName) {
    EXPECT_EQ(decide_mode({.is_path_command = true, .argv1 = "C:\\x"}), Mode::command_line);
    EXPECT_EQ(decide_mode({.is_first_process = true, .is_path_command = true, .argv1 = ""}), Mode::command_line);
    EXPECT_EQ(decide_mode({.is_binfmt_interpreter = true, .is_path_command = true}), Mode::interpreter);
    EXPECT_EQ(decide_mode({.is_first_process = true, .in_initial_pid_namespace = true, .is_path_command = true}),
              Mode::machine_init);
}

TEST(Mode, AnythingElseIsInit) {
    for (const char* word : {"", "--", "-v", "--register", "sh", "/bin/sh", "Status", "a.exe"}) {
        EXPECT_EQ(decide_mode({.argv1 = word}), Mode::container_init) << word;
        EXPECT_EQ(decide_mode({.is_first_process = true, .argv1 = word}), Mode::container_init) << word;
    }
}

TEST(Mode, FirstProcessOfMachineIsNeverTool) {
    for (const char* word : {"", "status", "--version", "quiet", "/sbin/init"}) {
        EXPECT_EQ(decide_mode({.is_first_process = true, .in_initial_pid_namespace = true, .argv1 = word}),
                  Mode::machine_init);
    }
}

TEST(Mode, OtherProcessesOfMachineAreOrdinary) {
    EXPECT_EQ(decide_mode({.in_initial_pid_namespace = true, .argv1 = "status"}), Mode::command_line);
    EXPECT_EQ(decide_mode({.in_initial_pid_namespace = true, .argv1 = "sh"}), Mode::container_init);
}

TEST(Mode, OtherInitsHaveNoSubcommands) {
    EXPECT_EQ(decide_mode({.has_personality = true, .argv1 = "status"}), Mode::container_init);
    EXPECT_EQ(decide_mode({.has_personality = true, .argv1 = "--version"}), Mode::container_init);
    EXPECT_EQ(decide_mode({.is_binfmt_interpreter = true, .has_personality = true}), Mode::interpreter);
}

}  // namespace
}  // namespace init
