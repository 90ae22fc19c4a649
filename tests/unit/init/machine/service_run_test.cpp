// SPDX-License-Identifier: MIT
#include "init/machine/service_run.h"

#include <gtest/gtest.h>

#include <csignal>

namespace init {
namespace {

using Next = ServiceRun::Next;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr pid_t process = 7;
constexpr ServiceRun::Time start{std::chrono::hours(1)};

constexpr int exited(int code) { return code << 8; }  // as wait(2) has it
constexpr int killed_by(int signal) { return signal; }

/// Starts and ends at `now`; false once it is given up.
bool runs_once(ServiceRun& run, ServiceRun::Time now) {
    run.started(process, now);
    return run.ended(exited(1), now) == Next::starts_again;
}

TEST(ServiceRun, IsDueFromTheBeginning) {
    const ServiceRun run(Restart::never, start);
    EXPECT_EQ(run.next_start(), start);
    EXPECT_EQ(run.pid(), 0);
}

TEST(ServiceRun, IsNotDueWhileItRuns) {
    ServiceRun run(Restart::always, start);
    run.started(process, start);
    EXPECT_EQ(run.next_start(), std::nullopt);
    EXPECT_EQ(run.pid(), process);
}

TEST(ServiceRun, PolicySaysAfterWhichEndItIsStartedAgain) {
    const struct {
        Restart policy;
        Next success, failure, signal;
    } table[] = {
        {Restart::never, Next::stays_down, Next::stays_down, Next::stays_down},
        {Restart::on_abnormal, Next::stays_down, Next::stays_down, Next::starts_again},
        {Restart::on_failure, Next::stays_down, Next::starts_again, Next::starts_again},
        {Restart::always, Next::starts_again, Next::starts_again, Next::starts_again},
    };
    for (const auto& row : table) {
        const auto next_after = [&row](int wait_status) {
            ServiceRun run(row.policy, start);
            run.started(process, start);
            const Next next = run.ended(wait_status, start);
            EXPECT_EQ(run.pid(), 0);
            EXPECT_EQ(run.next_start().has_value(), next == Next::starts_again);
            return next;
        };
        const int policy = static_cast<int>(row.policy);
        EXPECT_EQ(next_after(exited(0)), row.success) << policy;
        EXPECT_EQ(next_after(exited(1)), row.failure) << policy;
        EXPECT_EQ(next_after(exited(255)), row.failure) << policy;
        EXPECT_EQ(next_after(killed_by(SIGTERM)), row.signal) << policy;
        EXPECT_EQ(next_after(killed_by(SIGSEGV) | 0x80), row.signal) << policy;  // with a core
    }
}

TEST(ServiceRun, IsTriedAgainAfterAPauseWhereNoProcessWasToBeHadWhateverThePolicy) {
    for (const Restart policy : {Restart::never, Restart::on_abnormal, Restart::on_failure, Restart::always}) {
        ServiceRun run(policy, start);
        run.start_failed(start + seconds(1));
        EXPECT_EQ(run.next_start(), start + seconds(1) + ServiceRun::failed_start_pause) << static_cast<int>(policy);
        EXPECT_EQ(run.pid(), 0);
    }
}

TEST(ServiceRun, NextStartIsAfterAPause) {
    ServiceRun run(Restart::always, start);
    run.started(process, start);
    EXPECT_EQ(run.ended(exited(0), start + seconds(5)), Next::starts_again);
    EXPECT_EQ(run.next_start(), start + seconds(5) + ServiceRun::restart_pause);
}

TEST(ServiceRun, IsGivenUpAfterTheMostStartsInItsSpan) {
    ServiceRun run(Restart::on_failure, start);
    for (std::size_t i = 1; i < ServiceRun::most_starts; ++i) EXPECT_TRUE(runs_once(run, start)) << i;
    run.started(process, start);
    EXPECT_EQ(run.ended(exited(1), start + ServiceRun::start_window - milliseconds(1)), Next::given_up);
    EXPECT_EQ(run.next_start(), std::nullopt);
}

TEST(ServiceRun, FailedStartsDoNotCount) {
    ServiceRun run(Restart::always, start);
    for (std::size_t i = 0; i < 2 * ServiceRun::most_starts; ++i) run.start_failed(start);
    for (std::size_t i = 1; i < ServiceRun::most_starts; ++i) EXPECT_TRUE(runs_once(run, start)) << i;
    EXPECT_FALSE(runs_once(run, start));
}

TEST(ServiceRun, OneThatRanForLongIsStartedAgainHoweverOftenItWasBefore) {
    ServiceRun run(Restart::on_failure, start);
    for (std::size_t i = 1; i < ServiceRun::most_starts; ++i) runs_once(run, start);
    run.started(process, start);
    EXPECT_EQ(run.ended(exited(1), start + ServiceRun::start_window), Next::starts_again);
}

TEST(ServiceRun, OneThatEndsSeldomIsNeverGivenUp) {
    ServiceRun run(Restart::always, start);
    constexpr milliseconds apart =
        milliseconds(ServiceRun::start_window) / (ServiceRun::most_starts - 1) + milliseconds(1);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(runs_once(run, start + i * apart)) << i;
}

TEST(ServiceRun, OnlyTheLastStartsCount) {
    ServiceRun run(Restart::always, start);
    ServiceRun::Time now = start;
    for (int i = 0; i < 25; ++i) ASSERT_TRUE(runs_once(run, now += ServiceRun::start_window)) << i;
    for (std::size_t i = 2; i < ServiceRun::most_starts; ++i) EXPECT_TRUE(runs_once(run, now)) << i;
    EXPECT_FALSE(runs_once(run, now));
}

TEST(ServiceRun, PolicyThatKeepsItDownGivesNothingUp) {
    ServiceRun run(Restart::on_failure, start);
    for (std::size_t i = 0; i < 2 * ServiceRun::most_starts; ++i) {
        run.started(process, start);
        EXPECT_EQ(run.ended(exited(0), start), Next::stays_down);
    }
}

TEST(ServiceRun, RetiredOneIsNotDueAnyMore) {
    ServiceRun run(Restart::always, start);
    run.started(process, start);
    run.ended(exited(1), start);
    run.retire();
    EXPECT_EQ(run.next_start(), std::nullopt);
}

TEST(ServiceRun, RetiredOneThatRunsIsStillKnownByItsProcess) {
    ServiceRun run(Restart::always, start);
    run.started(process, start);
    run.retire();
    EXPECT_EQ(run.pid(), process);
}

}  // namespace
}  // namespace init
