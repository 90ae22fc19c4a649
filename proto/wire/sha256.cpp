// SPDX-License-Identifier: MIT
#include "proto/wire/sha256.h"

#include <mbedtls/sha256.h>

#include <utility>

#include "proto/base/check.h"

namespace proto {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Digest sha256(std::string_view bytes) {
    Digest digest{};
    const int failed = mbedtls_sha256_ret(bytes_of(bytes), bytes.size(), digest.data(), 0);
    CHECK(failed == 0);
    return digest;
}

Sha256::Sha256() : context_(new mbedtls_sha256_context) {
    mbedtls_sha256_init(context_);
    const int failed = mbedtls_sha256_starts_ret(context_, 0);
    CHECK(failed == 0);
}

Sha256::Sha256(Sha256&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}

Sha256& Sha256::operator=(Sha256&& other) noexcept {
    std::swap(context_, other.context_);
    return *this;
}

Sha256::~Sha256() {
    mbedtls_sha256_free(context_);  // takes null too
    delete context_;
}

void Sha256::add(std::string_view bytes) {
    const int failed = mbedtls_sha256_update_ret(context_, bytes_of(bytes), bytes.size());
    CHECK(failed == 0);
}

Digest Sha256::finish() {
    Digest digest{};
    const int failed = mbedtls_sha256_finish_ret(context_, digest.data());
    CHECK(failed == 0);
    return digest;
}

std::string to_hex(const Digest& digest) {
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

}  // namespace proto
