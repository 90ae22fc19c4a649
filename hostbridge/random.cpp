// SPDX-License-Identifier: MIT
#include "hostbridge/random.h"

#include "hostbridge/uv/error.h"

namespace hostbridge {

proto::Result<proto::Nonce> random_nonce() {
    proto::Nonce bytes{};
    if (const int result = uv_random(nullptr, nullptr, bytes.data(), bytes.size(), 0, nullptr); result < 0) {
        return uv::error(result, "ask for random bytes");
    }
    return bytes;
}

proto::Result<std::string> new_key_file_text() {
    static_assert(std::tuple_size_v<proto::Nonce> == proto::limits::key_length);
    const auto secret = random_nonce();
    if (!secret) return secret.error();
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "default ";
    for (const std::uint8_t byte : *secret) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text + "\n";
}

}  // namespace hostbridge
