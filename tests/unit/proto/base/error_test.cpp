// SPDX-License-Identifier: MIT
#include "proto/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

#include "proto/base/log.h"

namespace proto {
namespace {

TEST(Error, MessageSaysWhatWasDoneAndWhy) {
    const Error error = errno_error(ECONNREFUSED, "connect to tcp:127.0.0.1:5000");
    EXPECT_EQ(error.message(), "connect to tcp:127.0.0.1:5000: " + std::generic_category().message(ECONNREFUSED));
}

TEST(Error, MessageWithoutAnActionIsTheReason) {
    EXPECT_EQ(peer_error(PeerFault::silent, "").message(), "the peer fell silent");
}

TEST(PeerFault, EachHasASentenceOfItsOwn) {
    std::set<std::string> sentences;
    for (int fault = static_cast<int>(PeerFault::bad_magic); fault <= static_cast<int>(PeerFault::flooding); ++fault) {
        sentences.insert(peer_category().message(fault));
    }
    EXPECT_EQ(sentences.size(), static_cast<std::size_t>(PeerFault::flooding));
    EXPECT_EQ(sentences.count("unknown peer fault"), 0u);
    EXPECT_EQ(peer_category().message(static_cast<int>(PeerFault::flooding) + 1), "unknown peer fault");
}

std::string logged;

TEST(Log, DropsWhatIsBelowTheLevel) {
    logged.clear();
    set_log_sink([](LogLevel, std::string_view line) { logged += line; });
    debug("a");
    info("b");
    warn("c");
    set_log_level(LogLevel::debug);
    debug("d");
    set_log_level(LogLevel::info);
    set_log_sink(nullptr);
    warn("e");
    EXPECT_EQ(logged, "bcd");
}

}  // namespace
}  // namespace proto
