// SPDX-License-Identifier: MIT
#include "proto/wire/ticket.h"

#include <gtest/gtest.h>

#include <iomanip>
#include <sstream>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_seconds;

constexpr sys_seconds issue_time(1700000000s);
const std::string example_id = "ticket:office:1000:100:1700000000:000102030405060708090a0b0c0d0e0f";

TicketNonce counting_nonce() {
    TicketNonce nonce{};
    for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::uint8_t>(i);
    return nonce;
}

Ticket example_ticket() {
    return {.key_name = "office", .user = {1000, 100}, .issued = issue_time, .nonce = counting_nonce()};
}

Key office_key() { return test_key(0, "office"); }

std::string hex(const Key& key) {
    std::ostringstream out;
    for (const std::uint8_t byte : key.secret) out << std::hex << std::setw(2) << std::setfill('0') << int{byte};
    return out.str();
}

TEST(Ticket, IsWhatThePageSays) {
    const auto ticket = issue_ticket(office_key(), {1000, 100}, issue_time, counting_nonce());
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->id, example_id);
    // Computed with Python's hmac module from the formula of PROTOCOL.md: tests/support/tickets.py.
    EXPECT_EQ(hex(*ticket), "3681a6d85250a38ef1bf4b5ebf70ddfe34f177784206daba9b907b3d1875c6f0");
}

TEST(Ticket, SurvivesTheRoundTrip) {
    EXPECT_EQ(parse_ticket(example_id), example_ticket());
    EXPECT_EQ(format_ticket(example_ticket()).value(), example_id);
}

TEST(Ticket, TakesTheGreatestNumbers) {
    Ticket ticket = example_ticket();
    ticket.user = {4294967294, 0};
    ticket.issued = sys_seconds(999999999999s);
    EXPECT_EQ(parse_ticket(format_ticket(ticket).value()), ticket);
}

TEST(Ticket, KeepsColonsInTheNameOfTheKey) {
    Ticket ticket = example_ticket();
    ticket.key_name = "a:b::1:2";
    EXPECT_EQ(parse_ticket(format_ticket(ticket).value()), ticket);
}

TEST(Ticket, CannotBeIssuedWithNumbersThatHaveNoPlace) {
    const auto fails = [](auto change) {
        Ticket ticket = example_ticket();
        change(ticket);
        return !format_ticket(ticket);
    };
    EXPECT_TRUE(fails([](Ticket& ticket) { ticket.user.user_id = 4294967295; }));
    EXPECT_TRUE(fails([](Ticket& ticket) { ticket.user.group_id = 4294967295; }));
    EXPECT_TRUE(fails([](Ticket& ticket) { ticket.issued = sys_seconds(-1s); }));
    EXPECT_TRUE(fails([](Ticket& ticket) { ticket.issued = sys_seconds(1000000000000s); }));
    EXPECT_TRUE(fails([](Ticket& ticket) { ticket.key_name = ""; }));
}

TEST(Ticket, FitsTheLimitOfKeyIdsOrIsNotIssued) {
    Ticket ticket = example_ticket();
    ticket.key_name = std::string(limits::max_key_id_length - example_id.size() + 6, 'k');
    EXPECT_EQ(format_ticket(ticket).value().size(), limits::max_key_id_length);
    EXPECT_EQ(parse_ticket(format_ticket(ticket).value()), ticket);
    ticket.key_name += 'k';
    EXPECT_FALSE(format_ticket(ticket));
    ticket = {
        .key_name = std::string(180, 'k'), .user = {4294967294, 4294967294}, .issued = sys_seconds(999999999999s)};
    EXPECT_TRUE(format_ticket(ticket)) << "PROTOCOL.md promises a name of that length";
}

TEST(Ticket, HasNoOtherForm) {
    const std::string nonce = ":000102030405060708090a0b0c0d0e0f";
    const std::vector<std::string> strangers{std::string(),
                                             std::string("ticket:"),
                                             std::string("default"),
                                             "office:1000:100:1700000000" + nonce,
                                             "Ticket:office:1000:100:1700000000" + nonce,
                                             "ticket::1000:100:1700000000" + nonce,
                                             "ticket:1000:100:1700000000" + nonce,
                                             "ticket:office:01000:100:1700000000" + nonce,
                                             "ticket:office:+1000:100:1700000000" + nonce,
                                             "ticket:office: 1000:100:1700000000" + nonce,
                                             "ticket:office:-1:100:1700000000" + nonce,
                                             "ticket:office:4294967295:100:1700000000" + nonce,
                                             "ticket:office:1000:4294968296:1700000000" + nonce,
                                             "ticket:office:1000:18446744073709551716:1700000000" + nonce,
                                             "ticket:office:1000::1700000000" + nonce,
                                             "ticket:office:1000:100:1000000000000" + nonce,
                                             "ticket:office:1000:100:1700000000.5" + nonce,
                                             "ticket:office:1000:100:1700000000:" + nonce,
                                             "ticket:office:1000:100:1700000000:000102030405060708090A0B0C0D0E0F",
                                             "ticket:office:1000:100:1700000000" + nonce + "0",
                                             "ticket:office:1000:100:1700000000" + nonce.substr(0, 32),
                                             example_id + "\n",
                                             example_id + std::string(1, '\0'),
                                             "ticket:" + std::string(300, 'k') + ":1:1:1" + nonce};
    for (const std::string& id : strangers) EXPECT_FALSE(parse_ticket(id)) << id;
}

TEST(Ticket, IsRefusedWithAnyBitOfItsIdOrKeyChanged) {
    const std::vector<Key> keys{office_key()};
    const Key ticket = issue_ticket(office_key(), {1000, 100}, issue_time, counting_nonce()).value();
    const Digest proof = compute_proof(ticket, Role::client, "c", "a");
    for (std::size_t bit = 0; bit < 8 * ticket.id.size(); ++bit) {
        std::string id = ticket.id;
        id[bit / 8] = static_cast<char>(id[bit / 8] ^ 1 << bit % 8);
        auto known = find_key(keys, id, issue_time);
        if (!known) continue;
        // The client that changed it would also have to prove it with that id.
        Key forged = ticket;
        forged.id = id;
        EXPECT_NE(compute_proof(known->key, Role::client, "c", "a"), compute_proof(forged, Role::client, "c", "a"))
            << id;
        EXPECT_NE(compute_proof(known->key, Role::client, "c", "a"), proof) << id;
    }
    const auto known = find_key(keys, ticket.id, issue_time);
    ASSERT_TRUE(known);
    EXPECT_EQ(compute_proof(known->key, Role::client, "c", "a"), proof);
    for (std::size_t bit = 0; bit < 8 * ticket.secret.size(); ++bit) {
        Key forged = ticket;
        forged.secret[bit / 8] = static_cast<std::uint8_t>(forged.secret[bit / 8] ^ 1 << bit % 8);
        EXPECT_NE(compute_proof(known->key, Role::client, "c", "a"), compute_proof(forged, Role::client, "c", "a"));
    }
}

TEST(Ticket, IsAnotherKeyForEachUserTimeNonceAndKey) {
    const auto secret = [](const Key& key, const Ticket& ticket) {
        return derive_ticket_key(key, format_ticket(ticket).value()).secret;
    };
    const auto original = secret(office_key(), example_ticket());
    Ticket other = example_ticket();
    other.user.user_id = 1001;
    EXPECT_NE(secret(office_key(), other), original);
    other = example_ticket();
    other.issued += 1s;
    EXPECT_NE(secret(office_key(), other), original);
    other = example_ticket();
    other.nonce[15] ^= 1;
    EXPECT_NE(secret(office_key(), other), original);
    EXPECT_NE(secret(test_key(1, "office"), example_ticket()), original);
}

TEST(TicketAge, HasAnExactBeginningAndEnd) {
    EXPECT_FALSE(objection_to_age(issue_time, issue_time));
    EXPECT_FALSE(objection_to_age(issue_time, issue_time - 5s));
    EXPECT_TRUE(objection_to_age(issue_time, issue_time - 6s));
    EXPECT_FALSE(objection_to_age(issue_time, issue_time + 35s));
    EXPECT_TRUE(objection_to_age(issue_time, issue_time + 36s));
    EXPECT_TRUE(objection_to_age(sys_seconds(0s), sys_seconds(999999999999s)));
    EXPECT_TRUE(objection_to_age(sys_seconds(999999999999s), sys_seconds(0s)));
}

TEST(TicketAge, IsExplainedInTermsOfBothClocks) {
    EXPECT_EQ(
        objection_to_age(issue_time, issue_time + 742s),
        "the ticket was issued 742 s ago by this host's clock and was good for 30 s: it is an old one, or the guest's "
        "and the host's clocks differ");
    EXPECT_EQ(
        objection_to_age(issue_time, issue_time - 90s),
        "the ticket was issued 90 s in the future by this host's clock: the guest's and the host's clocks differ");
}

TEST(KeysOfAnAgent, AreFoundByNameFirst) {
    const std::vector<Key> keys{office_key(), test_key(7, example_id)};
    const auto named = find_key(keys, "office", issue_time);
    ASSERT_TRUE(named);
    EXPECT_EQ(named->name, "office");
    EXPECT_FALSE(named->user);
    const auto lookalike = find_key(keys, example_id, issue_time);
    ASSERT_TRUE(lookalike);
    EXPECT_EQ(lookalike->key.secret, keys[1].secret);
    EXPECT_FALSE(lookalike->user);
    EXPECT_FALSE(find_key(keys, "other", issue_time));
    EXPECT_FALSE(find_key(keys, "", issue_time));
}

TEST(KeysOfAnAgent, ArePreciselyThoseThatTicketsName) {
    const std::vector<Key> keys{test_key(9, "home"), office_key()};
    const auto ticket = find_key(keys, example_id, issue_time);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->key.id, example_id);
    EXPECT_EQ(ticket->key.secret, derive_ticket_key(office_key(), example_id).secret);
    EXPECT_EQ(ticket->name, "office");
    EXPECT_EQ(ticket->user, (GuestUser{1000, 100}));
    EXPECT_EQ(ticket->objection, "");
    EXPECT_FALSE(find_key({test_key(9, "home")}, example_id, issue_time));
    EXPECT_FALSE(find_key({test_key(0, "offic")}, example_id, issue_time));
}

TEST(KeysOfAnAgent, MakeNoTicketsOfTickets) {
    const Key ticket = derive_ticket_key(office_key(), example_id);
    const Key second = issue_ticket(ticket, {0, 0}, issue_time, counting_nonce()).value();
    EXPECT_FALSE(find_key({office_key()}, second.id, issue_time));
}

}  // namespace
}  // namespace proto
