// SPDX-License-Identifier: MIT
#include "proto/wire/frame_codec.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

using namespace std::string_view_literals;

std::string header(std::uint32_t length, std::uint8_t type, std::uint8_t stream, std::uint16_t zero = 0) {
    std::string bytes;
    for (int shift = 0; shift < 32; shift += 8) {
        bytes += static_cast<char>(length >> shift);
    }
    bytes += static_cast<char>(type);
    bytes += static_cast<char>(stream);
    bytes += static_cast<char>(zero);
    bytes += static_cast<char>(zero >> 8);
    return bytes;
}

std::error_code fault_of(std::string_view bytes, std::uint32_t payload_limit = limits::max_control_length) {
    FrameDecoder decoder;
    decoder.set_payload_limit(payload_limit);
    feed(decoder, bytes);
    auto frame = decoder.next();
    return frame ? std::error_code() : frame.error().code;
}

std::string three_frames() {
    return ping_frame(300) + data_frame(stream_stdout, "hello") + data_frame(stream_stderr, "") +
           credit_frame(stream_stdin, 0x01020304);
}

TEST(FrameCodec, WritesTheHeaderLittleEndian) {
    EXPECT_EQ(data_frame(stream_stderr, std::string(0x010203, 'x')).substr(0, 8), "\x03\x02\x01\0\2\2\0\0"sv);
    EXPECT_EQ(credit_frame(stream_stdin, 0x01020304), "\4\0\0\0\3\0\0\0\4\3\2\1"sv);
}

TEST(FrameCodec, ReadsWhatItWrites) {
    const auto frames = frames_in(three_frames());
    ASSERT_EQ(frames.size(), 4u);
    EXPECT_EQ(frames[0].control().ping().token(), 300u);
    EXPECT_EQ(frames[1], (OwnedFrame{FrameType::data, stream_stdout, "hello"}));
    EXPECT_EQ(frames[2], (OwnedFrame{FrameType::data, stream_stderr, ""}));
    EXPECT_EQ(parse_credit(frames[3].payload).value(), 0x01020304u);
}

TEST(FrameCodec, ReassemblesFramesSplitAtEveryByte) {
    const std::string bytes = three_frames();
    const auto whole = frames_in(bytes);
    for (std::size_t split = 0; split <= bytes.size(); ++split) {
        FrameDecoder decoder;
        std::vector<OwnedFrame> frames;
        for (const auto part : {std::string_view(bytes).substr(0, split), std::string_view(bytes).substr(split)}) {
            feed(decoder, part);
            for (auto frame = decoder.next(); frame && frame->has_value(); frame = decoder.next()) {
                frames.push_back({(*frame)->type, (*frame)->stream, std::string((*frame)->payload)});
            }
        }
        EXPECT_EQ(frames, whole) << "split at " << split;
    }
}

TEST(FrameCodec, ReassemblesAStreamReadInRandomPieces) {
    const unsigned seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::string bytes;
    std::vector<std::string> sent;
    for (int i = 0; i < 200; ++i) {
        sent.emplace_back(random() % 4 == 0 ? random() % limits::max_data_length : random() % 64, static_cast<char>(i));
        append_data(bytes, stream_stdout, sent.back());
    }
    FrameDecoder decoder;
    std::size_t index = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto space = decoder.prepare(1 + random() % 5000);
        const std::size_t count =
            std::min(bytes.size() - at, std::min<std::size_t>(space.size(), 1 + random() % 300000));
        std::memcpy(space.data(), bytes.data() + at, count);
        decoder.commit(count);
        at += count;
        for (auto frame = decoder.next(); frame && frame->has_value(); frame = decoder.next()) {
            ASSERT_LT(index, sent.size());
            ASSERT_EQ((*frame)->payload, sent[index++]);
        }
    }
    EXPECT_EQ(index, sent.size());
    EXPECT_EQ(decoder.bytes_received(), bytes.size());
}

TEST(FrameCodec, AcceptsTheLargestPayloadsAndNothingLarger) {
    EXPECT_EQ(frames_in(data_frame(stream_stdin, std::string(limits::max_data_length, 'x'))).size(), 1u);
    EXPECT_EQ(fault_of(header(limits::max_data_length + 1, 2, 0)), PeerFault::frame_too_large);
    EXPECT_EQ(fault_of(header(limits::max_control_length, 1, 0)), std::error_code());
    EXPECT_EQ(fault_of(header(limits::max_control_length + 1, 1, 0)), PeerFault::frame_too_large);
    EXPECT_EQ(fault_of(header(0xFFFFFFFF, 1, 0)), PeerFault::frame_too_large);
    EXPECT_EQ(fault_of(header(0xFFFFFFFF, 2, 0)), PeerFault::frame_too_large);
}

TEST(FrameCodec, RefusesHeadersThatMakeNoSense) {
    EXPECT_EQ(fault_of(header(0, 0, 0)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(0, 4, 0)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(0, 1, 1)), PeerFault::malformed_frame) << "CONTROL has no stream";
    EXPECT_EQ(fault_of(header(0, 2, 3)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(0, 2, 15)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(0, 2, 17)), PeerFault::malformed_frame) << "only one stream is for uploads";
    EXPECT_EQ(fault_of(header(4, 3, 3)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(4, 3, 17)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(3, 3, 0)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(5, 3, 0)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(0, 2, 0, 1)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of(header(0, 2, 0, 0x100)), PeerFault::malformed_frame);
    EXPECT_EQ(fault_of("GET / HTTP/1.1\r\n"), PeerFault::malformed_frame);
}

TEST(FrameCodec, RefusesAHeaderBeforeItsPayloadHasCome) {
    EXPECT_NE(fault_of(header(limits::max_data_length + 1, 2, 1)), std::error_code());
}

TEST(FrameCodec, RepeatsItsFault) {
    FrameDecoder decoder;
    feed(decoder, header(0, 9, 0));
    EXPECT_FALSE(decoder.next());
    feed(decoder, ping_frame(1));
    EXPECT_FALSE(decoder.next());
}

TEST(FrameCodec, LowersTheLimitOfEveryType) {
    EXPECT_EQ(fault_of(header(100, 1, 0), 100), std::error_code());
    EXPECT_EQ(fault_of(header(101, 1, 0), 100), PeerFault::frame_too_large);
    EXPECT_EQ(fault_of(header(101, 2, 0), 100), PeerFault::frame_too_large);
}

TEST(FrameDecoderPrepare, NeverOffersLessThanAsked) {
    FrameDecoder decoder;
    for (const std::size_t size : {0u, 1u, 7u, 8u, 65536u, 3u}) {
        EXPECT_GE(decoder.prepare(size).size(), size);
    }
}

TEST(FrameDecoderPrepare, OffersRoomForTheRestOfALargeFrame) {
    FrameDecoder decoder;
    feed(decoder, header(limits::max_control_length, 1, 0));
    ASSERT_TRUE(decoder.next());
    EXPECT_GE(decoder.prepare(1).size(), limits::max_control_length);
}

TEST(FrameDecoderPrepare, IsNotImpressedByALengthItHasNotCheckedYet) {
    for (const std::uint32_t length : {0xFFFFFFFFu, 0x7FFFFFFFu, limits::max_control_length + 1}) {
        FrameDecoder decoder;
        feed(decoder, header(length, 1, 0));
        EXPECT_LT(decoder.prepare(1).size(), 4096u) << "before next() has seen the header";
        EXPECT_FALSE(decoder.next());
        EXPECT_LT(decoder.prepare(1).size(), 4096u);
    }
    FrameDecoder greeting;
    greeting.set_payload_limit(limits::max_greeting_length);
    feed(greeting, header(limits::max_data_length, 2, 0));
    EXPECT_LT(greeting.prepare(1).size(), limits::max_data_length) << "nobody is known yet";
}

TEST(FrameDecoderPrepare, DoesNotGrowWhileFramesAreTakenOut) {
    FrameDecoder decoder;
    const std::string frame = data_frame(stream_stdout, std::string(1000, 'x'));
    std::size_t largest = 0;
    for (int i = 0; i < 10000; ++i) {
        // Never a whole number of frames, so that the buffer is never empty.
        const auto space = decoder.prepare(1500);
        largest = std::max(largest, space.size());
        const std::string bytes = i == 0 ? frame.substr(0, 500) : frame.substr(500) + frame.substr(0, 500);
        std::memcpy(space.data(), bytes.data(), bytes.size());
        decoder.commit(bytes.size());
        for (auto next = decoder.next(); next->has_value(); next = decoder.next()) {
        }
    }
    EXPECT_LT(largest, 8192u);
}

TEST(FrameDecoderPrepare, GivesTheRoomOfALargeFrameBack) {
    FrameDecoder decoder;
    feed(decoder, header(limits::max_control_length, 1, 0) + std::string(limits::max_control_length, 'x'));
    ASSERT_TRUE(decoder.next()->has_value());
    EXPECT_LT(decoder.prepare(4096).size(), 2 * limits::max_data_length);
}

TEST(FrameDecoderPrepare, KeepsAPayloadThatTouchesTheEndOfTheBuffer) {
    FrameDecoder decoder;
    const std::string first = data_frame(stream_stdout, "abc");
    const std::string second = data_frame(stream_stdout, "defg");
    for (std::size_t room = 1; room < 40; ++room) {
        std::string bytes = first + second;
        std::string seen;
        for (std::size_t at = 0; at < bytes.size();) {
            const auto space = decoder.prepare(room);
            const std::size_t count = std::min(room, bytes.size() - at);
            std::memcpy(space.data(), bytes.data() + at, count);
            decoder.commit(count);
            at += count;
            for (auto next = decoder.next(); next->has_value(); next = decoder.next()) {
                seen += (*next)->payload;
            }
        }
        EXPECT_EQ(seen, "abcdefg");
    }
}

TEST(FrameDecoder, ForgetsWhatItIsToldTo) {
    FrameDecoder decoder;
    feed(decoder, ping_frame(1) + "\x05");
    decoder.discard();
    feed(decoder, ping_frame(2));
    const auto frame = decoder.next();
    ASSERT_TRUE(frame && frame->has_value());
    EXPECT_EQ(parse_control((*frame)->payload)->ping().token(), 2u);
}

TEST(FrameDecoder, KnowsWhetherAFrameHasBegun) {
    FrameDecoder decoder;
    EXPECT_TRUE(decoder.between_frames());
    feed(decoder, ping_frame(1) + "\x05");
    ASSERT_TRUE(decoder.next()->has_value());
    EXPECT_FALSE(decoder.between_frames());
}

TEST(ParseControl, RefusesMessagesWithoutAKnownBody) {
    EXPECT_EQ(parse_control("").error().code, PeerFault::malformed_message);
    EXPECT_EQ(parse_control("\xfa\x01\x00"sv).error().code, PeerFault::malformed_message) << "body 31";
}

TEST(ParseControl, RefusesTruncatedMessages) {
    const std::string payload = ping_frame(1'000'000).substr(frame_header_length);
    for (std::size_t length = 0; length < payload.size(); ++length) {
        EXPECT_FALSE(parse_control(std::string_view(payload).substr(0, length))) << length;
    }
    EXPECT_TRUE(parse_control(payload));
}

TEST(ParseControl, IgnoresUnknownFields) {
    const auto message = parse_control("\x72\x05\x08\x01\x98\x06\x01"sv);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->ping().token(), 1u);
}

TEST(ParseControl, RefusesTextThatIsNotUtf8) {
    const auto frame = control_frame([](auto& message) { message.mutable_progress()->set_text("caf\xe9"); });
    EXPECT_EQ(parse_control(std::string_view(frame).substr(frame_header_length)).error().code,
              PeerFault::malformed_message);
}

TEST(AppendControl, AppendsNothingThatIsTooLarge) {
    mzinit::v1::ControlMessage message;
    message.mutable_launch()->add_argv(std::string(limits::max_control_length, 'x'));
    std::string output = "before";
    EXPECT_FALSE(append_control(output, message));
    EXPECT_EQ(output, "before");
}

TEST(ParseCredit, RefusesAGrantOfNothing) {
    EXPECT_FALSE(parse_credit("\0\0\0\0"sv));
    EXPECT_EQ(parse_credit("\xff\xff\xff\xff"sv).value(), 0xFFFFFFFFu);
}

}  // namespace
}  // namespace proto
