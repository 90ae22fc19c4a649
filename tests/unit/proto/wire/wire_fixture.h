// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proto/wire/agent_protocol.h"
#include "proto/wire/client_protocol.h"

/// What the tests of proto/wire share: fixed inputs, frames that own their bytes, and short ways to write messages.
namespace proto {

/// A frame that outlives its decoder.
struct OwnedFrame {
    FrameType type;
    std::uint8_t stream;
    std::string payload;

    bool operator==(const OwnedFrame&) const = default;
    [[nodiscard]] Frame view() const { return {type, stream, payload}; }
    [[nodiscard]] mzinit::v1::ControlMessage control() const {
        auto message = parse_control(payload);
        EXPECT_TRUE(message);
        return message ? *message : mzinit::v1::ControlMessage();
    }
};

inline std::ostream& operator<<(std::ostream& out, const OwnedFrame& frame) {
    return out << "frame(" << static_cast<int>(frame.type) << ", " << static_cast<int>(frame.stream) << ", "
               << frame.payload.size() << " bytes)";
}

inline void feed(FrameDecoder& decoder, std::string_view bytes) {
    if (bytes.empty()) return;
    const auto space = decoder.prepare(bytes.size());
    ASSERT_GE(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), bytes.size());
    decoder.commit(bytes.size());
}

/// All frames in `bytes`, which must be whole and valid.
inline std::vector<OwnedFrame> frames_in(std::string_view bytes) {
    FrameDecoder decoder;
    feed(decoder, bytes);
    std::vector<OwnedFrame> frames;
    while (true) {
        auto frame = decoder.next();
        EXPECT_TRUE(frame);
        if (!frame || !frame->has_value()) return frames;
        frames.push_back({(*frame)->type, (*frame)->stream, std::string((*frame)->payload)});
    }
}

/// The frame of the message that `fill` writes.
template <typename Fill>
std::string control_frame(Fill fill) {
    mzinit::v1::ControlMessage message;
    fill(message);
    std::string frame;
    EXPECT_TRUE(append_control(frame, message));
    return frame;
}

inline std::string data_frame(std::uint8_t stream, std::string_view bytes) {
    std::string frame;
    append_data(frame, stream, bytes);
    return frame;
}

inline std::string credit_frame(std::uint8_t stream, std::uint32_t bytes) {
    std::string frame;
    append_credit(frame, stream, bytes);
    return frame;
}

inline std::string ping_frame(std::uint64_t token) {
    return control_frame([&](auto& message) { message.mutable_ping()->set_token(token); });
}

inline GreetingOptions greeting_options(std::uint8_t nonce_byte,
                                        std::uint32_t credit = limits::default_initial_credit) {
    GreetingOptions options;
    options.capabilities = capability::raw_command_tail;
    options.initial_credit = credit;
    options.nonce.fill(nonce_byte);
    options.software = "test";
    return options;
}

/// The same, of an end that can report or take reports.
inline GreetingOptions reporting_options(std::uint8_t nonce_byte) {
    GreetingOptions options = greeting_options(nonce_byte);
    options.capabilities |= capability::reports;
    return options;
}

inline Key test_key(std::uint8_t first = 0, std::string id = "default") {
    Key key;
    key.id = std::move(id);
    for (std::size_t i = 0; i < key.secret.size(); ++i) {
        key.secret[i] = static_cast<std::uint8_t>(first + i);
    }
    return key;
}

/// Knows only `key`.
inline AgentHandshake::KeyLookup lookup_of(Key key) {
    return [key = std::move(key)](std::string_view id) { return id == key.id ? std::optional(key) : std::nullopt; };
}

/// Gives `bytes` to one end of a connection and returns its first answer.
template <typename Protocol>
auto receive(Protocol& protocol, std::string_view bytes) {
    feed(protocol.decoder(), bytes);
    return protocol.receive();
}

/// The fault with which `protocol` answers `bytes`; fails the test if it accepts them.
template <typename Protocol>
std::error_code fault_after(Protocol& protocol, std::string_view bytes) {
    feed(protocol.decoder(), bytes);
    while (true) {
        auto event = protocol.receive();
        if (!event) return event.error().code;
        if (!event->has_value()) {
            ADD_FAILURE() << "the bytes were accepted";
            return {};
        }
    }
}

inline std::string taken(std::string& output) { return std::exchange(output, std::string()); }

}  // namespace proto
