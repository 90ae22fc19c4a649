// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/wire/limits.h"

struct mbedtls_sha256_context;

namespace proto {

using Digest = std::array<std::uint8_t, limits::digest_length>;

/// SHA-256 of `bytes`.
Digest sha256(std::string_view bytes);

/// SHA-256 of bytes that come in pieces.
class Sha256 {
  public:
    Sha256();
    Sha256(Sha256&& other) noexcept;
    Sha256& operator=(Sha256&& other) noexcept;
    ~Sha256();

    void add(std::string_view bytes);

    /// Of all that was added; once, as the last call.
    Digest finish();

  private:
    mbedtls_sha256_context* context_;
};

inline std::string_view as_bytes(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// In lower-case hexadecimal digits.
std::string to_hex(const Digest& digest);

}  // namespace proto
