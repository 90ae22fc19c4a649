// SPDX-License-Identifier: MIT
#include "proto/wire/frame_codec.h"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstring>

namespace proto {
namespace {

void store_u32(char* to, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) {
        to[i] = static_cast<char>(value >> (8 * i));
    }
}

std::uint32_t load_u32(const char* from) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(from[i])) << (8 * i);
    }
    return value;
}

struct Header {
    std::uint32_t length;
    std::uint8_t type;
    std::uint8_t stream;
    std::uint16_t zero;
};

Header load_header(const char* from) {
    return {load_u32(from), static_cast<std::uint8_t>(from[4]), static_cast<std::uint8_t>(from[5]),
            static_cast<std::uint16_t>(static_cast<unsigned char>(from[6]) | static_cast<unsigned char>(from[7]) << 8)};
}

// What a decoder keeps allocated between frames: the largest DATA frame and a generous read behind it.
constexpr std::size_t largest_idle_buffer = 2 * (frame_header_length + limits::max_data_length);

bool is_stream(std::uint8_t number) { return number < standard_stream_count || number == stream_upload; }

std::optional<PeerFault> fault_of(const Header& header, std::uint32_t payload_limit) {
    if (header.zero != 0) return PeerFault::malformed_frame;
    switch (header.type) {
        case static_cast<std::uint8_t>(FrameType::control):
            if (header.stream != 0) return PeerFault::malformed_frame;
            if (header.length > payload_limit) return PeerFault::frame_too_large;
            return std::nullopt;
        case static_cast<std::uint8_t>(FrameType::data):
            if (!is_stream(header.stream)) return PeerFault::malformed_frame;
            if (header.length > std::min(payload_limit, limits::max_data_length)) return PeerFault::frame_too_large;
            return std::nullopt;
        case static_cast<std::uint8_t>(FrameType::credit):
            if (!is_stream(header.stream) || header.length != 4) return PeerFault::malformed_frame;
            return std::nullopt;
        default: return PeerFault::malformed_frame;
    }
}

// Otherwise protobuf writes complaints about what a peer sent to our user's terminal.
const bool protobuf_is_quiet = [] {
    google::protobuf::SetLogHandler(nullptr);
    return true;
}();

}  // namespace

std::span<char> FrameDecoder::prepare(std::size_t size) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        if (buffer_.size() > std::max(size, largest_idle_buffer)) std::string().swap(buffer_);
    }
    std::size_t wanted = size;
    const std::size_t held = end_ - begin_;
    if (held >= frame_header_length && !fault_) {
        const std::size_t frame_length = frame_header_length + load_header(buffer_.data() + begin_).length;
        // next() has accepted this header, or will refuse it before anything of that size is read.
        const std::size_t largest = frame_header_length + payload_limit_;
        if (frame_length > held && frame_length <= largest) wanted = std::max(wanted, frame_length - held);
    }
    if (buffer_.size() - end_ < wanted) {
        if (begin_ != 0) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, held);
            begin_ = 0;
            end_ = held;
        }
        if (buffer_.size() - end_ < wanted) buffer_.resize(end_ + wanted);
    }
    return {buffer_.data() + end_, buffer_.size() - end_};
}

void FrameDecoder::commit(std::size_t size) {
    CHECK(size <= buffer_.size() - end_);
    end_ += size;
    bytes_received_ += size;
}

Result<std::optional<Frame>> FrameDecoder::next() {
    if (fault_) return peer_error(*fault_, "read a frame");
    const std::size_t held = end_ - begin_;
    if (held < frame_header_length) return std::optional<Frame>();
    const char* start = buffer_.data() + begin_;
    const Header header = load_header(start);
    fault_ = fault_of(header, payload_limit_);
    if (fault_) return peer_error(*fault_, "read a frame");
    if (held - frame_header_length < header.length) return std::optional<Frame>();
    begin_ += frame_header_length + header.length;
    return std::optional<Frame>(Frame{static_cast<FrameType>(header.type), header.stream,
                                      std::string_view(start + frame_header_length, header.length)});
}

std::array<char, frame_header_length> encode_frame_header(FrameType type, std::uint8_t stream, std::uint32_t length) {
    std::array<char, frame_header_length> header{};
    store_u32(header.data(), length);
    header[4] = static_cast<char>(type);
    header[5] = static_cast<char>(stream);
    return header;
}

bool append_control(std::string& output, const mzinit::v1::ControlMessage& message) {
    const std::size_t length = message.ByteSizeLong();
    if (length > limits::max_control_length) return false;
    const auto header = encode_frame_header(FrameType::control, 0, static_cast<std::uint32_t>(length));
    output.append(header.data(), header.size());
    const bool serialized = message.AppendToString(&output);
    CHECK(serialized);
    return true;
}

void append_data(std::string& output, std::uint8_t stream, std::string_view payload) {
    CHECK(payload.size() <= limits::max_data_length);
    const auto header = encode_frame_header(FrameType::data, stream, static_cast<std::uint32_t>(payload.size()));
    output.append(header.data(), header.size());
    output.append(payload);
}

void append_credit(std::string& output, std::uint8_t stream, std::uint32_t bytes) {
    CHECK(bytes != 0);
    const auto header = encode_frame_header(FrameType::credit, stream, 4);
    output.append(header.data(), header.size());
    std::array<char, 4> payload{};
    store_u32(payload.data(), bytes);
    output.append(payload.data(), payload.size());
}

Result<mzinit::v1::ControlMessage> parse_control(std::string_view payload) {
    mzinit::v1::ControlMessage message;
    if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size())) ||
        message.body_case() == mzinit::v1::ControlMessage::BODY_NOT_SET) {
        return peer_error(PeerFault::malformed_message, "read a control message");
    }
    return message;
}

Result<std::uint32_t> parse_credit(std::string_view payload) {
    CHECK(payload.size() == 4);
    const std::uint32_t bytes = load_u32(payload.data());
    if (bytes == 0) return peer_error(PeerFault::malformed_frame, "read a grant");
    return bytes;
}

}  // namespace proto
