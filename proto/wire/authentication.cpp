// SPDX-License-Identifier: MIT
#include "proto/wire/authentication.h"

#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>

#include "proto/wire/utf8_text.h"

namespace proto {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::array<unsigned char, 4> little_endian(std::size_t value) {
    return {static_cast<unsigned char>(value), static_cast<unsigned char>(value >> 8),
            static_cast<unsigned char>(value >> 16), static_cast<unsigned char>(value >> 24)};
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string_view without_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<Key> parse_key_line(std::string_view line) {
    const auto blank = line.find_first_of(" \t");
    if (blank == std::string_view::npos || blank > limits::max_key_id_length) return std::nullopt;
    const std::string_view digits = without_blanks(line.substr(blank));
    Key key;
    if (digits.size() != 2 * key.secret.size()) return std::nullopt;
    key.id = line.substr(0, blank);
    if (to_utf8_text(key.id) != key.id) return std::nullopt;  // could not be sent as a string
    for (std::size_t i = 0; i < key.secret.size(); ++i) {
        const int high = hex_digit(digits[2 * i]);
        const int low = hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        key.secret[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return key;
}

}  // namespace

Key::~Key() { mbedtls_platform_zeroize(secret.data(), secret.size()); }

Digest hmac_of_fields(const Key& key, std::initializer_list<std::string_view> fields) {
    Digest digest{};
    mbedtls_md_context_t context;
    mbedtls_md_init(&context);
    int failed = mbedtls_md_setup(&context, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1);
    failed |= mbedtls_md_hmac_starts(&context, key.secret.data(), key.secret.size());
    for (const std::string_view part : fields) {
        const auto length = little_endian(part.size());
        failed |= mbedtls_md_hmac_update(&context, length.data(), length.size());
        failed |= mbedtls_md_hmac_update(&context, bytes_of(part), part.size());
    }
    failed |= mbedtls_md_hmac_finish(&context, digest.data());
    mbedtls_md_free(&context);
    CHECK(failed == 0);
    return digest;
}

Digest compute_proof(const Key& key, Role role, std::string_view client_greeting, std::string_view agent_greeting) {
    const std::string_view label = role == Role::client ? "mzinit1 client" : "mzinit1 agent";
    return hmac_of_fields(key, {label, key.id, client_greeting, agent_greeting});
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    volatile unsigned char difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        difference = static_cast<unsigned char>(difference | (left[i] ^ right[i]));
    }
    return difference == 0;
}

Result<std::vector<Key>> parse_key_file(std::string_view text) {
    std::vector<Key> keys;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const std::string_view line = without_blanks(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (line.empty() || line.front() == '#') continue;
        auto key = parse_key_line(line);
        if (!key)
            return errno_error(EINVAL,
                               "read line " + std::to_string(number) + " (wanted: NAME and 64 hexadecimal digits)");
        keys.push_back(std::move(*key));
    }
    return keys;
}

}  // namespace proto
