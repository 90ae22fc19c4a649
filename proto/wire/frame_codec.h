// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "control.pb.h"
#include "proto/base/result.h"
#include "proto/wire/limits.h"

/// Frames: PROTOCOL.md, section 2. Pure: bytes in, frames out.
namespace proto {

enum class FrameType : std::uint8_t { control = 1, data = 2, credit = 3 };

inline constexpr std::size_t frame_header_length = 8;

enum StandardStream : std::uint8_t { stream_stdin = 0, stream_stdout = 1, stream_stderr = 2 };
inline constexpr std::uint8_t standard_stream_count = 3;
/// The files of a program that the host does not see.
inline constexpr std::uint8_t stream_upload = 16;

/// One frame whose header has been found valid. `payload` points into the decoder.
struct Frame {
    FrameType type;
    std::uint8_t stream;
    std::string_view payload;
};

/// Cuts a byte stream into frames. It buffers at most one frame of the largest size and what was read with it, and
/// gives the room of a large frame back when that frame has been dealt with.
///
///     auto space = decoder.prepare(64 << 10);   // read into it
///     decoder.commit(bytes_read);
///     while (true) { auto frame = decoder.next(); ... }
class FrameDecoder {
  public:
    /// Room to read into: at least `size` bytes, more if a large frame is on its way. Ends the validity of
    /// payloads that next() returned.
    std::span<char> prepare(std::size_t size);

    /// Says that the first `size` bytes of what prepare() returned now hold data.
    void commit(std::size_t size);

    /// The next whole frame, nothing if more bytes are needed, or a PeerFault; after one every call repeats it.
    Result<std::optional<Frame>> next();

    /// Lowers the limit for payloads of every type, from the next header on; max_control_length is the usual one.
    void set_payload_limit(std::uint32_t limit) { payload_limit_ = limit; }

    /// Forgets what was committed and not yet returned.
    void discard() { begin_ = end_ = 0; }

    /// Whether all that was committed has been returned: no part of a frame is waiting for its rest.
    [[nodiscard]] bool between_frames() const { return begin_ == end_; }

    /// Bytes committed over the decoder's life.
    [[nodiscard]] std::uint64_t bytes_received() const { return bytes_received_; }

  private:
    std::string buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint32_t payload_limit_ = limits::max_control_length;
    std::uint64_t bytes_received_ = 0;
    std::optional<PeerFault> fault_;
};

/// The header of a frame. `length` must be within the limit for its type.
std::array<char, frame_header_length> encode_frame_header(FrameType type, std::uint8_t stream, std::uint32_t length);

/// Appends a CONTROL frame; false if the message is over max_control_length, and nothing was appended then.
[[nodiscard]] bool append_control(std::string& output, const mzinit::v1::ControlMessage& message);

/// Appends a DATA frame; an empty payload ends the stream. The payload is at most max_data_length.
void append_data(std::string& output, std::uint8_t stream, std::string_view payload);

/// Appends a CREDIT frame. `bytes` is not 0.
void append_credit(std::string& output, std::uint8_t stream, std::uint32_t bytes);

/// The message in a CONTROL frame's payload; a PeerFault if it does not parse or has no body.
Result<mzinit::v1::ControlMessage> parse_control(std::string_view payload);

/// The number in a CREDIT frame's payload (whose length the decoder has checked); a PeerFault if it is 0.
Result<std::uint32_t> parse_credit(std::string_view payload);

}  // namespace proto
