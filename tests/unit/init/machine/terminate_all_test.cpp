// SPDX-License-Identifier: MIT
#include "init/machine/terminate_all.h"

#include <gtest/gtest.h>

#include <csignal>

namespace {

constexpr const char* interactive_shell =
    "Name:\tbash\nSigBlk:\t0000000000010000\nSigIgn:\t0000000000384004\nSigCgt:\t000000004b813efb\n";

TEST(TerminateAll, KnowsWhichSignalsAProcessIgnores) {
    EXPECT_TRUE(init::ignores_signal(interactive_shell, SIGQUIT));
    EXPECT_TRUE(init::ignores_signal(interactive_shell, SIGTERM));
    EXPECT_TRUE(init::ignores_signal(interactive_shell, SIGTSTP));
    EXPECT_FALSE(init::ignores_signal(interactive_shell, SIGHUP));
    EXPECT_FALSE(init::ignores_signal(interactive_shell, SIGUSR2));
}

TEST(TerminateAll, KnowsTheFirstAndTheLastSignal) {
    EXPECT_TRUE(init::ignores_signal("x\nSigIgn:\t8000000000000001\n", 1));
    EXPECT_TRUE(init::ignores_signal("x\nSigIgn:\t8000000000000001\n", 64));
    EXPECT_FALSE(init::ignores_signal("x\nSigIgn:\t8000000000000001\n", 63));
}

TEST(TerminateAll, TakesAStatusWithoutTheFieldForOneThatIgnoresNothing) {
    for (const char* status : {"", "SigIgn:\tffffffffffffffff\n", "Name:\tx\nSigIgn:", "Name:\tx\nSigIgn:\tzz\n"}) {
        EXPECT_FALSE(init::ignores_signal(status, SIGTERM)) << status;
    }
}

}  // namespace
