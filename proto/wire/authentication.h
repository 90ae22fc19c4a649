// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"
#include "proto/wire/limits.h"
#include "proto/wire/sha256.h"

/// Keys and proofs: PROTOCOL.md, sections 4 and 5.
namespace proto {

using Nonce = std::array<std::uint8_t, limits::nonce_length>;

/// A shared secret and the name under which both sides know it. The secret is wiped when the object dies.
struct Key {
    std::string id;
    std::array<std::uint8_t, limits::key_length> secret{};

    Key() = default;
    Key(const Key&) = default;
    Key(Key&&) = default;
    Key& operator=(const Key&) = default;
    Key& operator=(Key&&) = default;
    ~Key();
};

enum class Role { client, agent };

/// HMAC-SHA-256 under `key` of the fields, each with its length before it.
Digest hmac_of_fields(const Key& key, std::initializer_list<std::string_view> fields);

/// The proof that `role` knows `key`, bound to both Greeting payloads as they were on the wire.
Digest compute_proof(const Key& key, Role role, std::string_view client_greeting, std::string_view agent_greeting);

/// Compares in a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view left, std::string_view right);

/// The keys in the text of a key file: a key a line, "NAME HEX" with 64 hexadecimal digits; empty lines and
/// lines that start with '#' are skipped. The Error names the line and never its contents.
Result<std::vector<Key>> parse_key_file(std::string_view text);

}  // namespace proto
