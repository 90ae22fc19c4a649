// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_addresses.h"

#include <gtest/gtest.h>
#include <sys/personality.h>

#include <cstdio>
#include <string>

namespace interop {
namespace {

/// Of a process that we start.
unsigned long personality_of_child() {
    FILE* child = ::popen("cat /proc/self/personality", "r");
    char text[32] = {};
    EXPECT_NE(std::fgets(text, sizeof text, child), nullptr);
    ::pclose(child);
    return std::stoul(text, nullptr, 16);
}

TEST(WineAddresses, HoldForWhatIsStartedMeanwhile) {
    const unsigned long before = personality_of_child();
    if (::personality(before | ADDR_NO_RANDOMIZE) == -1) GTEST_SKIP() << "personality(2) is not allowed here";
    ::personality(before);
    {
        const WineAddresses addresses;
        EXPECT_EQ(personality_of_child(), before | ADDR_NO_RANDOMIZE);
    }
    EXPECT_EQ(personality_of_child(), before);
}

}  // namespace
}  // namespace interop
