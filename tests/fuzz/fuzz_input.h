// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "proto/wire/frame_codec.h"

/// How the fuzz targets read their input: small numbers and strings taken from its front until nothing is left.
namespace fuzz {

class Input {
  public:
    Input(const std::uint8_t* bytes, std::size_t size) : rest_(reinterpret_cast<const char*>(bytes), size) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }

    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }

    /// At most `most` bytes.
    std::string_view bytes(std::size_t most) {
        const auto taken = rest_.substr(0, most);
        rest_.remove_prefix(taken.size());
        return taken;
    }

    std::string_view rest() { return bytes(rest_.size()); }

  private:
    std::string_view rest_;
};

/// Gives bytes to a decoder as a read of that size would.
inline void feed(proto::FrameDecoder& decoder, std::string_view bytes) {
    const auto space = decoder.prepare(std::max<std::size_t>(bytes.size(), 1));
    CHECK(space.size() >= bytes.size());
    std::copy(bytes.begin(), bytes.end(), space.begin());
    decoder.commit(bytes.size());
}

}  // namespace fuzz
