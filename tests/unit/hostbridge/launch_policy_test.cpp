// SPDX-License-Identifier: MIT
#include "hostbridge/launch_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hostbridge {
namespace {

Peer holder_of(std::string key_name, std::optional<proto::GuestUser> user = std::nullopt) {
    Peer peer;
    peer.transport = Peer::Transport::tcp;
    peer.address = "127.0.0.1:40123";
    peer.key_name = std::move(key_name);
    peer.guest_user = user;
    return peer;
}

Peer unix_peer(std::uint32_t user_id, std::uint32_t group_id) {
    Peer peer;
    peer.transport = Peer::Transport::unix_socket;
    peer.user_id = user_id;
    peer.group_id = group_id;
    return peer;
}

bool allows(std::string_view text, const Peer& peer) {
    const auto policy = LaunchPolicy::parse(text, interop::PathFlavour::windows);
    EXPECT_TRUE(policy) << text;
    return policy && !policy->refusal(peer);
}

std::string problem_with(std::string_view text) {
    const auto policy = LaunchPolicy::parse(text, interop::PathFlavour::windows);
    return policy ? "" : policy.error().message();
}

TEST(LaunchPolicy, AllowsEverybodyIfThereIsNone) { EXPECT_FALSE(LaunchPolicy().refusal(holder_of("default"))); }

TEST(LaunchPolicy, DeniesWhatNoRuleAllows) {
    EXPECT_FALSE(allows("", holder_of("default")));
    EXPECT_FALSE(allows("# nothing\n\n", holder_of("default")));
    EXPECT_FALSE(allows("allow key=office\n", holder_of("default")));
}

TEST(LaunchPolicy, FollowsTheFirstRuleThatFits) {
    constexpr std::string_view text = "deny uid=1003\nallow uid=1000-1999\ndeny\n";
    EXPECT_TRUE(allows(text, holder_of("default", proto::GuestUser{1000, 1000})));
    EXPECT_TRUE(allows(text, holder_of("default", proto::GuestUser{1999, 1000})));
    EXPECT_FALSE(allows(text, holder_of("default", proto::GuestUser{1003, 1000})));
    EXPECT_FALSE(allows(text, holder_of("default", proto::GuestUser{2000, 1000})));
}

TEST(LaunchPolicy, WantsAllConditionsOfARuleToHold) {
    constexpr std::string_view text = "allow uid=1000,1002 gid=100 key=office transport=tcp,vsock";
    EXPECT_TRUE(allows(text, holder_of("office", proto::GuestUser{1002, 100})));
    EXPECT_FALSE(allows(text, holder_of("office", proto::GuestUser{1001, 100})));
    EXPECT_FALSE(allows(text, holder_of("office", proto::GuestUser{1002, 101})));
    EXPECT_FALSE(allows(text, holder_of("home", proto::GuestUser{1002, 100})));
    EXPECT_FALSE(allows(text, unix_peer(1002, 100)));
}

TEST(LaunchPolicy, KnowsUsersOfUnixSocketsByTheKernel) {
    EXPECT_TRUE(allows("allow uid=1000 gid=100 transport=unix", unix_peer(1000, 100)));
    EXPECT_FALSE(allows("allow uid=1000", unix_peer(1001, 1000)));
}

TEST(LaunchPolicy, NeverMatchesAUserThatWasNotProved) {
    EXPECT_FALSE(allows("allow uid=0-4294967295", holder_of("default")));
    EXPECT_FALSE(allows("allow gid=0-4294967295", holder_of("default")));
    EXPECT_TRUE(allows("deny uid=0-4294967295\nallow", holder_of("default")));
    EXPECT_FALSE(allows("allow key=x", unix_peer(0, 0)));
}

TEST(LaunchPolicy, KnowsContextIdsOfVsockOnly) {
    Peer peer = holder_of("");
    EXPECT_FALSE(allows("allow cid=0-9", peer));
    peer.transport = Peer::Transport::vsock;
    peer.context_id = 3;
    EXPECT_TRUE(allows("allow cid=3", peer));
    EXPECT_FALSE(allows("allow cid=4-5", peer));
}

TEST(LaunchPolicy, SaysWhichLineDenied) {
    const auto policy =
        LaunchPolicy::parse("# who\r\nallow key=office\r\n\tdeny transport=tcp\r\n", interop::PathFlavour::windows);
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->refusal(holder_of("home")), "the agent's policy denies it (line 3)");
    EXPECT_EQ(policy->refusal(unix_peer(0, 0)), "the agent's policy has no rule that allows it");
}

TEST(LaunchPolicy, NamesTheLineThatItDoesNotUnderstand) {
    EXPECT_THAT(problem_with("allow\npermit uid=1"), testing::StartsWith("line 2: \"permit\""));
    EXPECT_THAT(problem_with("allow user=1"), testing::HasSubstr("\"user=1\" is no condition"));
    for (const std::string_view text :
         {"allow uid", "allow uid=", "allow uid=,", "allow =1", "allow uid=root", "allow uid=5-1", "allow uid=-1",
          "allow uid=1-", "allow uid=4294967296", "allow uid==1", "deny transport=tpc", "allow transport=tcp,udp",
          "allow origin=Host", "1000"}) {
        EXPECT_THAT(problem_with(text), testing::StartsWith("line 1: ")) << text;
    }
}

std::optional<std::string> refusal_of(std::string_view text, const ProgramIdentity& program) {
    const auto policy = LaunchPolicy::parse(text, interop::PathFlavour::windows);
    EXPECT_TRUE(policy) << text;
    return policy ? policy->refusal(holder_of("office"), program) : "no policy";
}

ProgramIdentity on_host(std::string path) { return {ProgramIdentity::Origin::host, std::move(path)}; }

TEST(LaunchPolicy, DecidesByTheProgram) {
    constexpr std::string_view text = "deny program=**/cmd.exe,C:\\Tools\\old\\**\nallow program=C:/**\n";
    EXPECT_EQ(refusal_of(text, on_host("C:\\Windows\\System32\\CMD.EXE")), "the agent's policy denies it (line 1)");
    EXPECT_TRUE(refusal_of(text, on_host("c:\\tools\\OLD\\a\\b.exe")));
    EXPECT_FALSE(refusal_of(text, on_host("C:\\Tools\\new\\b.exe")));
    EXPECT_TRUE(refusal_of(text, on_host("D:\\b.exe")));
}

TEST(LaunchPolicy, FitsNoPatternToWhatTheGuestHasNamed) {
    const ProgramIdentity sent{ProgramIdentity::Origin::guest, "C:\\good.exe"};
    EXPECT_TRUE(refusal_of("allow program=C:/**", sent));
    EXPECT_FALSE(refusal_of("deny program=C:/**\nallow", sent));
    EXPECT_TRUE(refusal_of("deny origin=guest\nallow", sent));
    EXPECT_FALSE(refusal_of("deny origin=guest\nallow", on_host("C:\\good.exe")));
    EXPECT_FALSE(refusal_of("allow origin=guest", sent));
}

TEST(LaunchPolicy, KnowsForWhomTheProgramCounts) {
    const auto depends = [](std::string_view text, const Peer& peer) {
        return LaunchPolicy::parse(text, interop::PathFlavour::windows).value().depends_on_program(peer);
    };
    constexpr std::string_view text = "allow key=office\ndeny key=home program=**/x.exe\nallow\n";
    EXPECT_FALSE(depends(text, holder_of("office")));
    EXPECT_TRUE(depends(text, holder_of("home")));
    EXPECT_FALSE(depends(text, holder_of("lab")));
    EXPECT_TRUE(depends("deny origin=guest\nallow", holder_of("lab")));
    EXPECT_FALSE(depends("", holder_of("lab")));
}

TEST(LaunchPolicy, RefusesEarlyOnlyWhoMayLaunchNothing) {
    EXPECT_TRUE(allows("allow program=C:/x.exe", holder_of("office")));
    EXPECT_TRUE(allows("deny program=C:/x.exe\nallow", holder_of("office")));
    EXPECT_FALSE(allows("deny program=C:/x.exe\ndeny", holder_of("office")));
    EXPECT_FALSE(allows("allow key=home program=C:/x.exe", holder_of("office")));
}

TEST(PeerText, NamesTheKeyAndTheUserThatWereProved) {
    EXPECT_EQ(to_string(holder_of("", {})), "tcp 127.0.0.1:40123");
    EXPECT_EQ(to_string(holder_of("office")), "tcp 127.0.0.1:40123 key=office");
    EXPECT_EQ(to_string(holder_of("office", proto::GuestUser{1000, 100})),
              "tcp 127.0.0.1:40123 key=office uid=1000 gid=100");
}

}  // namespace
}  // namespace hostbridge
