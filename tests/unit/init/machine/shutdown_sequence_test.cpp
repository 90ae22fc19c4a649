// SPDX-License-Identifier: MIT
#include "init/machine/shutdown_sequence.h"

#include <gtest/gtest.h>

#include <csignal>

namespace init {
namespace {

using Step = ShutdownSequence::Step;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds grace{10};
constexpr ShutdownSequence::Time start{std::chrono::hours(1)};

/// One that has sent SIGTERM at `start`.
ShutdownSequence terminating() {
    ShutdownSequence sequence(grace);
    sequence.request(MachineEnd::reboot, start);
    return sequence;
}

/// One that has sent SIGKILL at `start` + grace.
ShutdownSequence killing() {
    ShutdownSequence sequence = terminating();
    sequence.time_passed(start + grace);
    return sequence;
}

TEST(ShutdownSequence, SignalsMeanWhatOtherInitsMeanByThem) {
    const std::pair<int, MachineEnd> table[] = {
        {SIGTERM, MachineEnd::reboot},   {SIGINT, MachineEnd::reboot},          {SIGRTMIN + 5, MachineEnd::reboot},
        {SIGUSR1, MachineEnd::halt},     {SIGRTMIN + 3, MachineEnd::halt},      {SIGUSR2, MachineEnd::power_off},
        {SIGPWR, MachineEnd::power_off}, {SIGRTMIN + 4, MachineEnd::power_off},
    };
    for (const auto& [signal, end] : table) EXPECT_EQ(machine_end_for(signal), end) << signal;
}

TEST(ShutdownSequence, OtherSignalsAskForNothing) {
    int asking = 0;
    for (int signal = 1; signal <= SIGRTMAX; ++signal) asking += machine_end_for(signal) ? 1 : 0;
    EXPECT_EQ(asking, 8);
    for (const int signal : {SIGHUP, SIGCHLD, SIGQUIT, SIGPIPE, SIGALRM, SIGWINCH, SIGCONT, SIGTSTP, SIGRTMIN}) {
        EXPECT_EQ(machine_end_for(signal), std::nullopt) << signal;
    }
    EXPECT_EQ(machine_end_for(0), std::nullopt);
}

TEST(ShutdownSequence, BeforeAnyRequestThereIsNothingToDo) {
    ShutdownSequence sequence(grace);
    EXPECT_FALSE(sequence.has_begun());
    EXPECT_EQ(sequence.deadline(), std::nullopt);
    EXPECT_EQ(sequence.time_passed(start), Step::none);
    EXPECT_EQ(sequence.process_ended(true), Step::none);
    EXPECT_EQ(sequence.process_ended(false), Step::none);
    EXPECT_FALSE(sequence.has_begun());
}

TEST(ShutdownSequence, RequestTerminatesAllAndGivesThemGrace) {
    ShutdownSequence sequence(grace);
    EXPECT_EQ(sequence.request(MachineEnd::halt, start), Step::terminate);
    EXPECT_TRUE(sequence.has_begun());
    EXPECT_EQ(sequence.end(), MachineEnd::halt);
    EXPECT_EQ(sequence.deadline(), start + grace);
}

TEST(ShutdownSequence, FinishesWhenTheLastProcessHasEnded) {
    ShutdownSequence sequence = terminating();
    EXPECT_EQ(sequence.process_ended(true), Step::none);
    EXPECT_EQ(sequence.process_ended(true), Step::none);
    EXPECT_EQ(sequence.process_ended(false), Step::finish);
    EXPECT_EQ(sequence.deadline(), std::nullopt);
}

TEST(ShutdownSequence, KillsWhatIsLeftAfterTheGrace) {
    ShutdownSequence sequence = terminating();
    EXPECT_EQ(sequence.time_passed(start + grace - milliseconds(1)), Step::none);
    EXPECT_EQ(sequence.time_passed(start + grace), Step::kill);
    EXPECT_EQ(sequence.deadline(), start + grace + ShutdownSequence::kill_patience);
}

TEST(ShutdownSequence, KillsOnce) {
    ShutdownSequence sequence = killing();
    EXPECT_EQ(sequence.time_passed(start + grace), Step::none);
    EXPECT_EQ(sequence.process_ended(true), Step::none);
}

TEST(ShutdownSequence, FinishesWhenTheLastKilledProcessHasEnded) {
    ShutdownSequence sequence = killing();
    EXPECT_EQ(sequence.process_ended(false), Step::finish);
}

TEST(ShutdownSequence, DoesNotWaitLongForWhatCannotBeKilled) {
    ShutdownSequence sequence = killing();
    const auto end = start + grace + ShutdownSequence::kill_patience;
    EXPECT_EQ(sequence.time_passed(end - milliseconds(1)), Step::none);
    EXPECT_EQ(sequence.time_passed(end), Step::finish);
}

TEST(ShutdownSequence, SecondRequestCutsTheGraceShort) {
    ShutdownSequence sequence = terminating();
    EXPECT_EQ(sequence.request(MachineEnd::power_off, start + seconds(1)), Step::kill);
    EXPECT_EQ(sequence.deadline(), start + seconds(1) + ShutdownSequence::kill_patience);
}

TEST(ShutdownSequence, WayOfTheFirstRequestStays) {
    ShutdownSequence sequence = terminating();
    sequence.request(MachineEnd::halt, start);
    EXPECT_EQ(sequence.end(), MachineEnd::reboot);
    sequence.request(MachineEnd::power_off, start);
    EXPECT_EQ(sequence.end(), MachineEnd::reboot);
}

TEST(ShutdownSequence, FurtherRequestsDoNotDelayTheEnd) {
    ShutdownSequence sequence = killing();
    const auto deadline = sequence.deadline();
    EXPECT_EQ(sequence.request(MachineEnd::reboot, start + grace + seconds(1)), Step::none);
    EXPECT_EQ(sequence.deadline(), deadline);
}

TEST(ShutdownSequence, NothingFollowsTheEnd) {
    ShutdownSequence sequence = terminating();
    sequence.process_ended(false);
    EXPECT_EQ(sequence.process_ended(false), Step::none);
    EXPECT_EQ(sequence.time_passed(start + std::chrono::hours(1)), Step::none);
    EXPECT_EQ(sequence.request(MachineEnd::reboot, start), Step::none);
    EXPECT_TRUE(sequence.has_begun());
}

TEST(ShutdownSequence, LateClockDoesEachStepInItsTurn) {
    ShutdownSequence sequence = terminating();
    const auto late = start + std::chrono::hours(1);
    EXPECT_EQ(sequence.time_passed(late), Step::kill);
    EXPECT_EQ(sequence.time_passed(late), Step::none);
    EXPECT_EQ(sequence.time_passed(late + ShutdownSequence::kill_patience), Step::finish);
}

}  // namespace
}  // namespace init
