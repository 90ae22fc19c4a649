// SPDX-License-Identifier: MIT
#include "hostbridge/policy.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

Peer unix_peer(std::uint32_t user_id, std::uint32_t process_id = 4711) {
    Peer peer;
    peer.transport = Peer::Transport::unix_socket;
    peer.user_id = user_id;
    peer.process_id = process_id;
    return peer;
}

Peer vsock_peer(std::uint32_t context_id, std::uint32_t port = 1023) {
    Peer peer;
    peer.transport = Peer::Transport::vsock;
    peer.context_id = context_id;
    peer.port = port;
    return peer;
}

AdmissionPolicy policy_of_user(std::uint32_t user_id, bool shares_namespaces = true) {
    AdmissionPolicy policy;
    policy.own_user_id = user_id;
    policy.shares_namespaces = [shares_namespaces](std::uint32_t) { return shares_namespaces; };
    return policy;
}

TEST(AdmissionPolicy, AdmitsTheAgentsOwnUserFromAnyNamespace) {
    EXPECT_FALSE(policy_of_user(1000, false).refusal(unix_peer(1000)));
}

TEST(AdmissionPolicy, RefusesOtherUsers) { EXPECT_TRUE(policy_of_user(1000).refusal(unix_peer(1001))); }

TEST(AdmissionPolicy, RefusesOtherUsersEvenWhenTheAgentIsRoot) {
    EXPECT_TRUE(policy_of_user(0).refusal(unix_peer(1001)));
}

TEST(AdmissionPolicy, AdmitsRootOnlyFromItsOwnNamespaces) {
    EXPECT_FALSE(policy_of_user(1000, true).refusal(unix_peer(0)));
    EXPECT_TRUE(policy_of_user(1000, false).refusal(unix_peer(0)));
}

TEST(AdmissionPolicy, RefusesRootOfAnotherNamespaceEvenWhenTheAgentIsRoot) {
    EXPECT_FALSE(policy_of_user(0, true).refusal(unix_peer(0)));
    EXPECT_TRUE(policy_of_user(0, false).refusal(unix_peer(0)));
    EXPECT_TRUE(policy_of_user(0, true).refusal(unix_peer(0, 0)));
}

TEST(AdmissionPolicy, RefusesRootWhoseProcessItCannotSee) {
    EXPECT_TRUE(policy_of_user(1000, true).refusal(unix_peer(0, 0)));
}

TEST(AdmissionPolicy, NeverAdmitsTheOverflowUser) {
    EXPECT_TRUE(policy_of_user(1000).refusal(unix_peer(65534)));
    EXPECT_TRUE(policy_of_user(65534).refusal(unix_peer(65534)));
}

TEST(AdmissionPolicy, AdmitsOnlyListedContextIds) {
    AdmissionPolicy policy = policy_of_user(1000);
    EXPECT_TRUE(policy.refusal(vsock_peer(3)));
    policy.allowed_context_ids = {3, 5};
    EXPECT_FALSE(policy.refusal(vsock_peer(3)));
    EXPECT_FALSE(policy.refusal(vsock_peer(5)));
    EXPECT_TRUE(policy.refusal(vsock_peer(4)));
}

TEST(AdmissionPolicy, AsksForTheKeyOnTcpAndWhereConfiguredOnVsock) {
    AdmissionPolicy policy = policy_of_user(1000);
    EXPECT_TRUE(policy.needs_key(Peer{}));
    EXPECT_FALSE(policy.needs_key(unix_peer(1000)));
    EXPECT_FALSE(policy.needs_key(vsock_peer(3)));
    policy.vsock_needs_key = true;
    EXPECT_TRUE(policy.needs_key(vsock_peer(3)));
}

TEST(AdmissionPolicy, AsksForTheKeyOnVsockFromPortsThatAreNotOfTheGuestsRoot) {
    AdmissionPolicy policy = policy_of_user(1000);
    policy.allowed_context_ids = {3};
    policy.has_keys = true;
    EXPECT_FALSE(policy.needs_key(vsock_peer(3, 1023)));
    EXPECT_TRUE(policy.needs_key(vsock_peer(3, 1024)));
    EXPECT_FALSE(policy.refusal(vsock_peer(3, 1024)));
    policy.vsock_admits_any_port = true;
    EXPECT_FALSE(policy.needs_key(vsock_peer(3, 1024)));
    policy.vsock_needs_key = true;
    EXPECT_TRUE(policy.needs_key(vsock_peer(3, 1024)));
}

TEST(AdmissionPolicy, RefusesThosePortsWhereThereIsNoKeyToProve) {
    AdmissionPolicy policy = policy_of_user(1000);
    policy.allowed_context_ids = {3};
    EXPECT_FALSE(policy.refusal(vsock_peer(3, 1023)));
    EXPECT_TRUE(policy.refusal(vsock_peer(3, 1024)));
    policy.vsock_admits_any_port = true;
    EXPECT_FALSE(policy.refusal(vsock_peer(3, 1024)));
}

}  // namespace
}  // namespace hostbridge
