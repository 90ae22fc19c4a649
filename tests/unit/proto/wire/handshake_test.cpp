// SPDX-License-Identifier: MIT
#include "proto/wire/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

using mzinit::v1::ControlMessage;
using KeyPolicy = ClientHandshake::KeyPolicy;

OwnedFrame only_frame(std::string_view bytes) {
    const auto frames = frames_in(bytes);
    EXPECT_EQ(frames.size(), 1u);
    return frames.empty() ? OwnedFrame{} : frames.front();
}

OwnedFrame frame_with(const std::function<void(ControlMessage&)>& fill) { return only_frame(control_frame(fill)); }

/// `greeting` with something about it changed.
OwnedFrame changed(const std::string& greeting, const std::function<void(mzinit::v1::Greeting&)>& change) {
    ControlMessage message = only_frame(greeting).control();
    change(*message.mutable_greeting());
    return frame_with([&](auto& copy) { copy = message; });
}

/// Both ends, and what each has waiting for the other.
struct Handshake {
    Handshake(std::optional<Key> client_key, AgentHandshake::KeyLookup lookup, KeyPolicy policy = KeyPolicy::if_asked)
        : client(greeting_options(1), std::move(client_key), policy), agent(greeting_options(2), std::move(lookup)) {}

    Result<void> greet() {
        std::string output;
        if (auto received = agent.receive(only_frame(client.greeting_frame()).view(), to_client); !received)
            return received;
        return client.receive(only_frame(agent.greeting_frame()).view(), to_agent);
    }

    Result<void> prove() {
        if (auto received = agent.receive(only_frame(to_agent).view(), to_client); !received) return received;
        return client.receive(only_frame(to_client).view(), to_agent);
    }

    ClientHandshake client;
    AgentHandshake agent;
    std::string to_agent;
    std::string to_client;
};

mzinit::v1::RefusalCode refusal_in(std::string_view bytes) {
    const auto message = only_frame(bytes).control();
    EXPECT_TRUE(message.has_refused());
    return message.refused().code();
}

AgentHandshake::KeyLookup lookup_in(std::vector<Key> keys, std::chrono::sys_seconds now) {
    return [keys = std::move(keys), now](std::string_view id) { return find_key(keys, id, now); };
}

constexpr std::chrono::sys_seconds now_for_tickets(std::chrono::seconds(1700000000));

Key ticket_of(std::uint32_t user_id, std::chrono::sys_seconds issued = now_for_tickets) {
    return issue_ticket(test_key(), {user_id, 100}, issued, {}).value();
}

TEST(Handshake, TellsTheAgentWhomATicketWasGivenTo) {
    Handshake handshake(ticket_of(1000), lookup_in({test_key()}, now_for_tickets));
    ASSERT_TRUE(handshake.greet());
    ASSERT_TRUE(handshake.prove());
    EXPECT_EQ(handshake.agent.agreement().key_name, "default");
    EXPECT_EQ(handshake.agent.agreement().guest_user, (GuestUser{1000, 100}));
    EXPECT_TRUE(handshake.client.done());
}

TEST(Handshake, RefusesATicketThatWasGivenToSomebodyElse) {
    Key forged = ticket_of(1000);
    forged.id = ticket_of(1001).id;
    Handshake handshake(forged, lookup_in({test_key()}, now_for_tickets));
    ASSERT_TRUE(handshake.greet());
    EXPECT_FALSE(handshake.prove());
    EXPECT_EQ(refusal_in(handshake.to_client), mzinit::v1::REFUSAL_AUTHENTICATION_FAILED);
}

TEST(Handshake, TellsTheAgeOfATicketOnlyToWhoHasItsKey) {
    using namespace std::chrono_literals;
    Key ticket = ticket_of(1000, now_for_tickets - 742s);
    Handshake handshake(ticket, lookup_in({test_key()}, now_for_tickets));
    ASSERT_TRUE(handshake.greet());
    const auto refused = handshake.prove();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(PeerFault::authentication));
    EXPECT_THAT(refused.error().message(), testing::HasSubstr("issued 742 s ago"));
    EXPECT_THAT(only_frame(handshake.to_client).control().refused().text(), testing::HasSubstr("issued 742 s ago"));
    EXPECT_EQ(refusal_in(handshake.to_client), mzinit::v1::REFUSAL_AUTHENTICATION_FAILED);

    ticket.secret[0] ^= 1;
    Handshake guessed(ticket, lookup_in({test_key()}, now_for_tickets));
    ASSERT_TRUE(guessed.greet());
    EXPECT_FALSE(guessed.prove());
    EXPECT_EQ(only_frame(guessed.to_client).control().refused().text(), "authentication failed");
}

TEST(Handshake, WithoutAKeyEndsWithTheGreetings) {
    Handshake handshake(std::nullopt, nullptr);
    ASSERT_TRUE(handshake.greet());
    EXPECT_TRUE(handshake.client.done());
    EXPECT_TRUE(handshake.agent.done());
    EXPECT_EQ(handshake.to_agent, "");
    EXPECT_EQ(handshake.agent.agreement().key_name, "");
    EXPECT_EQ(handshake.agent.agreement().version, 1u);
    EXPECT_EQ(handshake.agent.agreement().peer_software, "test");
}

TEST(Handshake, WithAKeyProvesItBothWays) {
    Handshake handshake(test_key(), lookup_of(test_key()), KeyPolicy::required);
    ASSERT_TRUE(handshake.greet());
    EXPECT_FALSE(handshake.client.done());
    EXPECT_FALSE(handshake.agent.done());
    ASSERT_TRUE(handshake.prove());
    EXPECT_TRUE(handshake.client.done());
    EXPECT_TRUE(handshake.agent.done());
    EXPECT_EQ(handshake.agent.agreement().key_name, "default");
    EXPECT_EQ(handshake.client.agreement().key_name, "default");
}

TEST(Handshake, AClientThatHasAKeyNeedNotUseItOnUnix) {
    Handshake handshake(test_key(), nullptr);
    ASSERT_TRUE(handshake.greet());
    EXPECT_TRUE(handshake.client.done());
    EXPECT_EQ(handshake.client.agreement().key_name, "");
}

TEST(Handshake, CapabilitiesAreThoseOfBoth) {
    GreetingOptions ours = greeting_options(1);
    ours.capabilities = capability::descriptor_passing | capability::raw_command_tail | 1ull << 63;
    GreetingOptions theirs = greeting_options(2);
    theirs.capabilities = capability::raw_command_tail | capability::host_names | 1ull << 62;
    AgentHandshake agent(theirs, nullptr);
    std::string output;
    ASSERT_TRUE(
        agent.receive(only_frame(ClientHandshake(ours, {}, KeyPolicy::if_asked).greeting_frame()).view(), output));
    EXPECT_EQ(agent.agreement().capabilities, capability::raw_command_tail);
}

TEST(Handshake, TheHighestCommonVersionIsInForce) {
    Handshake handshake(std::nullopt, nullptr);
    std::string output;
    const auto newer =
        changed(handshake.client.greeting_frame(), [](auto& greeting) { greeting.set_highest_version(7); });
    ASSERT_TRUE(handshake.agent.receive(newer.view(), output));
    EXPECT_EQ(handshake.agent.agreement().version, 1u);
}

TEST(AgentHandshake, RefusesGreetingsThatMakeNoSense) {
    const std::string good = Handshake(std::nullopt, nullptr).client.greeting_frame();
    const auto outcome_of = [&](const std::function<void(mzinit::v1::Greeting&)>& change) {
        AgentHandshake agent(greeting_options(2), nullptr);
        std::string output;
        auto received = agent.receive(changed(good, change).view(), output);
        EXPECT_FALSE(received);
        EXPECT_FALSE(agent.done());
        return std::pair(received ? std::error_code() : received.error().code, output);
    };
    using G = mzinit::v1::Greeting;
    EXPECT_EQ(outcome_of([](G& g) { g.set_magic("mzinit\n\n"); }).first, PeerFault::bad_magic);
    EXPECT_EQ(outcome_of([](G& g) { g.set_magic("mzinit\n\n"); }).second, "") << "not one of ours: no answer";
    EXPECT_EQ(outcome_of([](G& g) { g.set_nonce(std::string(31, 'n')); }).first, PeerFault::malformed_message);
    EXPECT_EQ(outcome_of([](G& g) { g.set_nonce(std::string(33, 'n')); }).first, PeerFault::malformed_message);
    EXPECT_EQ(outcome_of([](G& g) { g.clear_nonce(); }).first, PeerFault::malformed_message);
    EXPECT_EQ(outcome_of([](G& g) { g.set_key_id(std::string(256, 'k')); }).first, PeerFault::malformed_message);
    EXPECT_EQ(outcome_of([](G& g) { g.set_initial_credit(limits::max_outstanding_credit + 1); }).first,
              PeerFault::malformed_message);
    EXPECT_EQ(outcome_of([](G& g) {
                  g.set_lowest_version(2);
                  g.set_highest_version(3);
              }).first,
              PeerFault::no_common_version);
    EXPECT_EQ(outcome_of([](G& g) { g.set_highest_version(0); }).first, PeerFault::no_common_version);
    EXPECT_EQ(outcome_of([](G& g) {
                  g.set_lowest_version(3);
                  g.set_highest_version(1);
              }).first,
              PeerFault::no_common_version);
    EXPECT_EQ(refusal_in(outcome_of([](G& g) { g.set_highest_version(0); }).second),
              mzinit::v1::REFUSAL_NO_COMMON_VERSION);
    EXPECT_EQ(refusal_in(outcome_of([](G& g) { g.clear_nonce(); }).second), mzinit::v1::REFUSAL_PROTOCOL_ERROR);
}

TEST(AgentHandshake, RefusesAnyOtherFirstFrame) {
    for (const auto& frame :
         {frame_with([](auto& m) { m.mutable_launch(); }), frame_with([](auto& m) { m.mutable_ping(); }),
          frame_with([](auto& m) { m.mutable_authenticate(); }), only_frame(data_frame(0, "x")),
          only_frame(credit_frame(0, 1)), OwnedFrame{FrameType::control, 0, "garbage"}}) {
        AgentHandshake agent(greeting_options(2), nullptr);
        std::string output;
        EXPECT_FALSE(agent.receive(frame.view(), output)) << frame;
    }
}

TEST(AgentHandshake, RefusesEverythingButAProofAfterTheGreeting) {
    for (const auto& frame :
         {frame_with([](auto& m) { m.mutable_launch(); }), frame_with([](auto& m) { m.mutable_ping(); }),
          only_frame(Handshake(std::nullopt, nullptr).client.greeting_frame()), only_frame(data_frame(0, "x"))}) {
        Handshake handshake(test_key(), lookup_of(test_key()));
        ASSERT_TRUE(handshake.greet());
        std::string output;
        EXPECT_FALSE(handshake.agent.receive(frame.view(), output)) << frame;
        EXPECT_EQ(refusal_in(output), mzinit::v1::REFUSAL_PROTOCOL_ERROR);
    }
}

TEST(AgentHandshake, RefusesAWrongKeyWithoutProvingItsOwn) {
    Handshake handshake(test_key(1), lookup_of(test_key()));
    ASSERT_TRUE(handshake.greet());
    const auto received = handshake.prove();
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().code, PeerFault::authentication);
    EXPECT_EQ(refusal_in(handshake.to_client), mzinit::v1::REFUSAL_AUTHENTICATION_FAILED);
}

TEST(AgentHandshake, RefusesAKeyItDoesNotKnowInTheSameWay) {
    Handshake handshake(test_key(0, "stranger"), lookup_of(test_key()));
    ASSERT_TRUE(handshake.greet());
    const auto received = handshake.prove();
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().code, PeerFault::authentication);
    EXPECT_EQ(refusal_in(handshake.to_client), mzinit::v1::REFUSAL_AUTHENTICATION_FAILED);
}

TEST(AgentHandshake, IsNotFooledByTheProofOfAnEmptyKeyForAnUnknownName) {
    Key empty;
    empty.id = "stranger";
    Handshake handshake(empty, lookup_of(test_key()));
    ASSERT_TRUE(handshake.greet());
    EXPECT_FALSE(handshake.prove());
}

TEST(AgentHandshake, RefusesProofsOfOtherLengths) {
    for (const std::size_t length : {0u, 31u, 33u, 4000u}) {
        Handshake handshake(test_key(), lookup_of(test_key()));
        ASSERT_TRUE(handshake.greet());
        ControlMessage proof = only_frame(handshake.to_agent).control();
        proof.mutable_authenticate()->mutable_proof()->resize(length);
        std::string output;
        EXPECT_FALSE(handshake.agent.receive(frame_with([&](auto& m) { m = proof; }).view(), output)) << length;
    }
}

TEST(AgentHandshake, RefusesAReplayedSession) {
    Handshake recorded(test_key(), lookup_of(test_key()));
    ASSERT_TRUE(recorded.greet());
    const std::string proof = recorded.to_agent;
    ASSERT_TRUE(recorded.prove());

    GreetingOptions fresh = greeting_options(3);
    AgentHandshake agent(fresh, lookup_of(test_key()));
    std::string output;
    ASSERT_TRUE(agent.receive(only_frame(recorded.client.greeting_frame()).view(), output));
    EXPECT_FALSE(agent.receive(only_frame(proof).view(), output));
}

TEST(AgentHandshake, RefusesItsOwnProofEchoed) {
    // An observer learnt the agent's proof of this very session, and has no key.
    Handshake handshake(test_key(), lookup_of(test_key()));
    ASSERT_TRUE(handshake.greet());
    const std::string client_greeting = only_frame(handshake.client.greeting_frame()).payload;
    const std::string agent_greeting = only_frame(handshake.agent.greeting_frame()).payload;
    const Digest echoed = compute_proof(test_key(), Role::agent, client_greeting, agent_greeting);
    std::string output;
    const auto frame = frame_with([&](auto& m) { m.mutable_authenticate()->set_proof(echoed.data(), echoed.size()); });
    EXPECT_FALSE(handshake.agent.receive(frame.view(), output));
}

TEST(AgentHandshake, RefusesAnAgentThatPlaysTheClient) {
    // Role swap: a man in the middle shows agent B the greeting of agent A as if it were a client's, and the proof that
    // A makes. A's proof carries the label of an agent.
    AgentHandshake other(greeting_options(2), lookup_of(test_key()));
    AgentHandshake victim(greeting_options(3), lookup_of(test_key()));
    const auto greeting = changed(other.greeting_frame(), [](auto& g) { g.set_key_id("default"); });
    std::string output;
    ASSERT_TRUE(victim.receive(greeting.view(), output));
    const Digest swapped =
        compute_proof(test_key(), Role::agent, greeting.payload, only_frame(victim.greeting_frame()).payload);
    const auto frame =
        frame_with([&](auto& m) { m.mutable_authenticate()->set_proof(swapped.data(), swapped.size()); });
    EXPECT_FALSE(victim.receive(frame.view(), output));
}

TEST(AgentHandshake, NoticesAGreetingChangedOnTheWay) {
    Handshake handshake(test_key(), lookup_of(test_key()));
    std::string output;
    const auto weaker = changed(handshake.client.greeting_frame(), [](auto& g) { g.set_capabilities(0); });
    ASSERT_TRUE(handshake.agent.receive(weaker.view(), output));
    ASSERT_TRUE(handshake.client.receive(only_frame(handshake.agent.greeting_frame()).view(), handshake.to_agent));
    EXPECT_FALSE(handshake.agent.receive(only_frame(handshake.to_agent).view(), output));
}

TEST(ClientHandshake, RefusesAnAgentThatDoesNotKnowTheKey) {
    Handshake handshake(test_key(), lookup_of(test_key()));
    ASSERT_TRUE(handshake.greet());
    std::string output;
    const auto guess = frame_with([](auto& m) { m.mutable_authenticate()->set_proof(std::string(32, 'x')); });
    EXPECT_EQ(handshake.client.receive(guess.view(), output).error().code, PeerFault::authentication);
    EXPECT_FALSE(handshake.client.done());
}

TEST(ClientHandshake, RefusesItsOwnProofEchoed) {
    Handshake handshake(test_key(), lookup_of(test_key()));
    ASSERT_TRUE(handshake.greet());
    std::string output;
    EXPECT_EQ(handshake.client.receive(only_frame(handshake.to_agent).view(), output).error().code,
              PeerFault::authentication);
}

TEST(ClientHandshake, RefusesADowngradeToNoKey) {
    Handshake handshake(test_key(), nullptr, KeyPolicy::required);
    const auto received = handshake.greet();
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().code, PeerFault::authentication);
    EXPECT_FALSE(handshake.client.done());
    EXPECT_EQ(handshake.to_agent, "") << "nothing may be sent to such an agent";
}

TEST(ClientHandshake, RefusesAnAgentThatDoesNotSayHowToAuthenticate) {
    Handshake handshake(test_key(), nullptr);
    for (const int value : {0, 3}) {
        const auto vague = changed(handshake.agent.greeting_frame(), [&](auto& g) {
            g.set_authentication(static_cast<mzinit::v1::Authentication>(value));
        });
        ClientHandshake client(greeting_options(1), test_key(), KeyPolicy::if_asked);
        std::string output;
        EXPECT_EQ(client.receive(vague.view(), output).error().code, PeerFault::malformed_message);
    }
}

TEST(ClientHandshake, SaysThatItHasNoKey) {
    Handshake handshake(std::nullopt, lookup_of(test_key()));
    const auto received = handshake.greet();
    ASSERT_FALSE(received);
    EXPECT_NE(received.error().message().find("there is none"), std::string::npos);
}

TEST(ClientHandshake, ReportsWhyItWasRefused) {
    for (const bool greeted : {false, true}) {
        Handshake handshake(test_key(), lookup_of(test_key()));
        ASSERT_TRUE(!greeted || handshake.greet());
        std::string refused;
        append_refused(refused, mzinit::v1::REFUSAL_TOO_MANY_SESSIONS, "come back later");
        std::string output;
        const auto received = handshake.client.receive(only_frame(refused).view(), output);
        ASSERT_FALSE(received);
        EXPECT_EQ(received.error().code, std::errc::permission_denied);
        EXPECT_NE(received.error().message().find("come back later"), std::string::npos);
    }
}

TEST(ClientHandshake, RefusesEverythingButAGreetingFirst) {
    for (const auto& frame : {frame_with([](auto& m) { m.mutable_launch_reply(); }), only_frame(data_frame(1, "x")),
                              frame_with([](auto& m) { m.mutable_authenticate(); })}) {
        ClientHandshake client(greeting_options(1), test_key(), KeyPolicy::if_asked);
        std::string output;
        EXPECT_FALSE(client.receive(frame.view(), output)) << frame;
        EXPECT_FALSE(client.greeted());
        EXPECT_EQ(output, "");
    }
}

TEST(Handshake, RefusesAGreetingOverTheLimit) {
    const auto greeting = [](std::size_t software) {
        return changed(Handshake(std::nullopt, nullptr).client.greeting_frame(),
                       [&](auto& g) { g.set_software(std::string(software, 's')); });
    };
    AgentHandshake agent(greeting_options(2), nullptr);
    std::string output;
    EXPECT_FALSE(agent.receive(greeting(limits::max_greeting_length).view(), output));
    EXPECT_EQ(output, "");
}

TEST(AppendRefused, MakesAnyTextFit) {
    std::string output;
    append_refused(output, mzinit::v1::REFUSAL_PROTOCOL_ERROR, "caf\xe9");
    EXPECT_EQ(only_frame(output).control().refused().text(), "caf\xEF\xBF\xBD");
}

}  // namespace
}  // namespace proto
