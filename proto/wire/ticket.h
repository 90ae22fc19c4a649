// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"
#include "proto/wire/authentication.h"

/// Keys for a short time that say who may use them: PROTOCOL.md, section 4, "Tickets". Pure.
namespace proto {

/// A user of the guest.
struct GuestUser {
    std::uint32_t user_id = 0;
    std::uint32_t group_id = 0;

    bool operator==(const GuestUser&) const = default;
};

using TicketNonce = std::array<std::uint8_t, limits::ticket_nonce_length>;

/// What a ticket's key id says. It proves nothing before its key has been proved.
struct Ticket {
    std::string key_name;
    GuestUser user;
    std::chrono::sys_seconds issued;
    TicketNonce nonce{};

    bool operator==(const Ticket&) const = default;
};

/// The key id of `ticket`. An Error if the name of the key is empty or too long, or a number cannot be written.
Result<std::string> format_ticket(const Ticket& ticket);

/// The ticket that `key_id` is; nothing if it is none, or in any other form than format_ticket() writes.
std::optional<Ticket> parse_ticket(std::string_view key_id);

/// The key of the ticket with that id, made from the key that it names.
Key derive_ticket_key(const Key& key, std::string_view ticket_id);

/// A ticket for `user` made from `key`, with its key.
Result<Key> issue_ticket(const Key& key, const GuestUser& user, std::chrono::sys_seconds now, const TicketNonce& nonce);

/// Why a ticket of that time is not good `now`, by our clock; nothing if it is.
std::optional<std::string> objection_to_age(std::chrono::sys_seconds issued, std::chrono::sys_seconds now);

/// A key that a client may prove, and what it then has proved.
struct KnownKey {
    KnownKey(Key known) : key(std::move(known)), name(key.id) {}  // NOLINT: a key by itself is one

    Key key;
    std::string name;               ///< Of the key in the key file, of a ticket the one that it was made from.
    std::optional<GuestUser> user;  ///< Whom the ticket was given to.
    std::string objection;          ///< Why it is not accepted although it was proved; empty if it is.
};

/// The key with that id: one of `keys`, or a ticket made from one of them. A ticket costs the same work whether or not
/// the key that it names is known.
std::optional<KnownKey> find_key(const std::vector<Key>& keys, std::string_view key_id, std::chrono::sys_seconds now);

}  // namespace proto
