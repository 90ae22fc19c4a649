// SPDX-License-Identifier: MIT
#include "proto/wire/flow_control.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "proto/wire/limits.h"

namespace proto {
namespace {

TEST(SendWindow, AllowsWhatWasGranted) {
    SendWindow window(10);
    window.spend(10);
    EXPECT_EQ(window.available(), 0u);
    ASSERT_TRUE(window.grant(3));
    EXPECT_EQ(window.available(), 3u);
}

TEST(SendWindow, RefusesMoreThanTheOutstandingLimit) {
    SendWindow window(limits::max_outstanding_credit - 1);
    EXPECT_TRUE(window.grant(1));
    EXPECT_EQ(window.grant(1).error().code, PeerFault::credit_exceeded);
    EXPECT_EQ(SendWindow(1).grant(0xFFFFFFFF).error().code, PeerFault::credit_exceeded) << "the sum must not wrap";
    EXPECT_EQ(window.available(), limits::max_outstanding_credit);
}

TEST(ReceiveWindow, RefusesMoreThanWasGranted) {
    ReceiveWindow window(10);
    EXPECT_TRUE(window.receive(10));
    EXPECT_EQ(window.receive(1).error().code, PeerFault::credit_exceeded);
}

TEST(ReceiveWindow, GrantsAgainInQuarters) {
    ReceiveWindow window(100);
    ASSERT_TRUE(window.receive(100));
    EXPECT_EQ(window.release(24), std::nullopt);
    EXPECT_EQ(window.release(1), 25u);
    EXPECT_EQ(window.release(75), 75u);
}

TEST(ReceiveWindow, GrantsNothingForNothing) {
    ReceiveWindow empty(0);
    EXPECT_EQ(empty.release(0), std::nullopt);
    EXPECT_FALSE(empty.receive(1));
    ReceiveWindow tiny(1);
    ASSERT_TRUE(tiny.receive(1));
    EXPECT_EQ(tiny.release(1), 1u);
}

TEST(Windows, NeverStarveAndNeverExceedTheSize) {
    const unsigned seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (const std::uint32_t size : {1u, 2u, 3u, 5u, 1000u, limits::default_initial_credit}) {
        SendWindow sender(size);
        ReceiveWindow receiver(size);
        std::uint32_t held = 0;
        for (int step = 0; step < 2000; ++step) {
            const std::uint32_t sent = static_cast<std::uint32_t>(random() % (std::uint64_t{sender.available()} + 1));
            sender.spend(sent);
            ASSERT_TRUE(receiver.receive(sent));
            held += sent;
            ASSERT_LE(held, size);
            const std::uint32_t delivered = static_cast<std::uint32_t>(random() % (std::uint64_t{held} + 1));
            held -= delivered;
            const auto grant = receiver.release(delivered);
            ASSERT_TRUE(!grant || sender.grant(*grant));
        }
        const auto grant = receiver.release(held);
        ASSERT_TRUE(!grant || sender.grant(*grant));
        EXPECT_GT(sender.available(), size / 2) << "everything was delivered, and the sender still waits";
    }
}

}  // namespace
}  // namespace proto
