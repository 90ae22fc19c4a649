// SPDX-License-Identifier: MIT
#include "proto/wire/ticket.h"

#include <algorithm>
#include <charconv>

namespace proto {
namespace {

constexpr std::string_view prefix = "ticket:";
constexpr std::string_view label = "mzinit1 ticket";
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::uint64_t greatest_id = 0xFFFFFFFE;  // 2^32 - 1 is how the kernel says "nobody in particular"
constexpr std::uint64_t greatest_time = 999'999'999'999;

/// Takes the last field, and the colon before it, from `rest`.
std::optional<std::string_view> take_last_field(std::string_view& rest) {
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view field = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    return field;
}

std::optional<std::uint64_t> parse_number(std::optional<std::string_view> text, std::uint64_t greatest) {
    if (!text || text->empty() || (text->size() > 1 && text->front() == '0')) return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = text->data() + text->size();
    const auto [stopped, problem] = std::from_chars(text->data(), end, number);
    if (problem != std::errc() || stopped != end || number > greatest) return std::nullopt;
    return number;
}

std::optional<TicketNonce> parse_nonce(std::optional<std::string_view> text) {
    TicketNonce nonce{};
    if (!text || text->size() != 2 * nonce.size()) return std::nullopt;
    for (std::size_t i = 0; i < nonce.size(); ++i) {
        const auto high = hex_digits.find((*text)[2 * i]);
        const auto low = hex_digits.find((*text)[2 * i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        nonce[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return nonce;
}

std::string hexadecimal(const TicketNonce& nonce) {
    std::string text;
    for (const std::uint8_t byte : nonce) {
        text += hex_digits[byte >> 4];
        text += hex_digits[byte & 15];
    }
    return text;
}

std::string seconds(std::chrono::seconds time) { return std::to_string(time.count()) + " s"; }

}  // namespace

Result<std::string> format_ticket(const Ticket& ticket) {
    const auto time = ticket.issued.time_since_epoch().count();
    if (time < 0 || static_cast<std::uint64_t>(time) > greatest_time) {
        return stated_error("cannot issue a ticket: the clock is wrong");
    }
    if (ticket.user.user_id > greatest_id || ticket.user.group_id > greatest_id) {
        return stated_error("cannot issue a ticket to an impossible user");
    }
    std::string id(prefix);
    id += ticket.key_name + ":" + std::to_string(ticket.user.user_id) + ":" + std::to_string(ticket.user.group_id) +
          ":" + std::to_string(time) + ":" + hexadecimal(ticket.nonce);
    if (ticket.key_name.empty() || id.size() > limits::max_key_id_length) {
        return stated_error("cannot issue a ticket: the name of the key is too long");
    }
    return id;
}

std::optional<Ticket> parse_ticket(std::string_view key_id) {
    if (key_id.size() > limits::max_key_id_length || !key_id.starts_with(prefix)) return std::nullopt;
    std::string_view rest = key_id.substr(prefix.size());
    const auto nonce = parse_nonce(take_last_field(rest));
    const auto issued = parse_number(take_last_field(rest), greatest_time);
    const auto group_id = parse_number(take_last_field(rest), greatest_id);
    const auto user_id = parse_number(take_last_field(rest), greatest_id);
    if (!nonce || !issued || !group_id || !user_id || rest.empty()) return std::nullopt;
    return Ticket{.key_name = std::string(rest),
                  .user = {static_cast<std::uint32_t>(*user_id), static_cast<std::uint32_t>(*group_id)},
                  .issued = std::chrono::sys_seconds(std::chrono::seconds(*issued)),
                  .nonce = *nonce};
}

Key derive_ticket_key(const Key& key, std::string_view ticket_id) {
    Key derived;
    derived.id = ticket_id;
    derived.secret = hmac_of_fields(key, {label, ticket_id});
    return derived;
}

Result<Key> issue_ticket(const Key& key, const GuestUser& user, std::chrono::sys_seconds now,
                         const TicketNonce& nonce) {
    const auto id = format_ticket({.key_name = key.id, .user = user, .issued = now, .nonce = nonce});
    if (!id) return id.error();
    return derive_ticket_key(key, *id);
}

std::optional<std::string> objection_to_age(std::chrono::sys_seconds issued, std::chrono::sys_seconds now) {
    const auto age = now - issued;
    if (age < -limits::ticket_clock_skew) {
        return "the ticket was issued " + seconds(-age) +
               " in the future by this host's clock: the guest's and the host's clocks differ";
    }
    if (age > limits::ticket_lifetime + limits::ticket_clock_skew) {
        return "the ticket was issued " + seconds(age) + " ago by this host's clock and was good for " +
               seconds(limits::ticket_lifetime) + ": it is an old one, or the guest's and the host's clocks differ";
    }
    return std::nullopt;
}

std::optional<KnownKey> find_key(const std::vector<Key>& keys, std::string_view key_id, std::chrono::sys_seconds now) {
    if (const auto named = std::ranges::find(keys, key_id, &Key::id); named != keys.end()) return KnownKey(*named);
    const auto ticket = parse_ticket(key_id);
    if (!ticket) return std::nullopt;
    const auto maker = std::ranges::find(keys, ticket->key_name, &Key::id);
    KnownKey known(derive_ticket_key(maker == keys.end() ? Key() : *maker, key_id));
    if (maker == keys.end()) return std::nullopt;
    known.name = ticket->key_name;
    known.user = ticket->user;
    known.objection = objection_to_age(ticket->issued, now).value_or("");
    return known;
}

}  // namespace proto
