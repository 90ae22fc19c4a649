// SPDX-License-Identifier: MIT
#include "interop/route/broker_policy.h"

#include <gtest/gtest.h>

#include "interop/route/configuration.h"

namespace interop {
namespace {

BrokerPolicy policy_of(std::string_view settings) {
    const auto configuration = parse_configuration("[broker]\n" + std::string(settings));
    EXPECT_TRUE(configuration) << settings;
    return configuration ? configuration->broker_policy : BrokerPolicy();
}

bool allows(const BrokerPolicy& policy, std::uint32_t user_id, std::vector<std::uint32_t> groups = {}) {
    return !policy.refusal(user_id, groups);
}

TEST(BrokerPolicy, AllowsRootAndOrdinaryUsersByDefault) {
    const BrokerPolicy policy = policy_of("");
    for (const std::uint32_t user_id : {0u, 1000u, 59999u}) EXPECT_TRUE(allows(policy, user_id)) << user_id;
    for (const std::uint32_t user_id : {1u, 33u, 999u, 60000u, 65533u, 65534u, 65535u, 100000u, 4294967295u}) {
        EXPECT_FALSE(allows(policy, user_id, {1000})) << user_id;
    }
}

TEST(BrokerPolicy, AllowsOnlyThoseThatAreNamedAndRoot) {
    const BrokerPolicy policy = policy_of("allow_users = 1001, 2000-2002\n");
    for (const std::uint32_t user_id : {0u, 1001u, 2000u, 2002u}) EXPECT_TRUE(allows(policy, user_id)) << user_id;
    for (const std::uint32_t user_id : {1000u, 1002u, 1999u, 2003u}) EXPECT_FALSE(allows(policy, user_id)) << user_id;
}

TEST(BrokerPolicy, AllowsMembersOfGroupsWhateverTheirUser) {
    const BrokerPolicy policy = policy_of("allow_groups = 27\n");
    EXPECT_TRUE(allows(policy, 5, {100, 27}));
    EXPECT_FALSE(allows(policy, 1000, {100, 28}));
    EXPECT_TRUE(allows(policy_of("allow_groups = 27\nallow_users = 1000\n"), 1000));
}

TEST(BrokerPolicy, NeverAllowsWhoMayBeAnybody) {
    const BrokerPolicy policy = policy_of("allow_users = *\nallow_groups = *\n");
    EXPECT_TRUE(allows(policy, 33));
    EXPECT_FALSE(allows(policy, 65534, {0}));
    EXPECT_FALSE(allows(policy, 4294967295, {0}));
    EXPECT_FALSE(allows(policy_of("allow_groups = *\n"), 1000, {65534}));
}

TEST(BrokerPolicy, AllowsNobodyIfTheListIsEmpty) { EXPECT_FALSE(allows(policy_of("allow_users =\n"), 1000)); }

TEST(BrokerPolicy, RefusesWithTheUser) {
    EXPECT_EQ(
        policy_of("allow_users = 5\n").refusal(1000, {}).value_or("").find("the broker does not allow uid 1000 ("), 0u);
}

TEST(BrokerConfiguration, GoesOnInIndentedLinesAndStartsAnewInOthers) {
    EXPECT_EQ(policy_of("allow_users = 1\n  2-3\n").users, (std::vector<IdRange>{{1, 1}, {2, 3}}));
    EXPECT_EQ(policy_of("allow_users = 1\nallow_groups = 4\nallow_users = 2\n").users, (std::vector<IdRange>{{2, 2}}));
}

TEST(BrokerConfiguration, NamesLinesThatMakeNoSense) {
    for (const std::string line : {"allow_users = root", "allow_users = 1000-", "allow_users = -1", "allow_users = 5-1",
                                   "allow_groups = 4294967295", "socket = run/x"}) {
        const auto configuration = parse_configuration("[broker]\n" + line + "\n");
        ASSERT_FALSE(configuration) << line;
        EXPECT_EQ(configuration.error().message().find("line 2: "), 0u) << configuration.error().message();
    }
}

TEST(BrokerConfiguration, NamesTheSocket) {
    EXPECT_EQ(parse_configuration("").value().broker_socket, "/run/mzinit/interop.sock");
    EXPECT_EQ(parse_configuration("[broker]\nsocket = /run/x\n").value().broker_socket, "/run/x");
}

}  // namespace
}  // namespace interop
