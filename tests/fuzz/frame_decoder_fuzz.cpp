// SPDX-License-Identifier: MIT
// Any bytes in any pieces: what comes out does not depend on the pieces, and nothing is held that was not announced.
// Input: a byte that seeds the pieces, then the stream.

#include <string>
#include <vector>

#include "tests/fuzz/fuzz_input.h"

namespace {

struct Outcome {
    std::vector<std::string> frames;
    bool failed = false;
    bool operator==(const Outcome&) const = default;
};

void take_frames(proto::FrameDecoder& decoder, Outcome& outcome) {
    while (true) {
        auto frame = decoder.next();
        if (!frame) {
            outcome.failed = true;
            return;
        }
        if (!frame->has_value()) return;
        const auto header = proto::encode_frame_header((*frame)->type, (*frame)->stream,
                                                       static_cast<std::uint32_t>((*frame)->payload.size()));
        outcome.frames.push_back(std::string(header.data(), header.size()) + std::string((*frame)->payload));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Input input(bytes, size);
    std::uint32_t pieces = input.byte() + 1u;
    const std::string_view stream = input.rest();

    Outcome whole;
    proto::FrameDecoder at_once;
    fuzz::feed(at_once, stream);
    take_frames(at_once, whole);

    Outcome split;
    proto::FrameDecoder in_pieces;
    for (std::size_t at = 0; at < stream.size() && !split.failed;) {
        pieces = pieces * 1664525u + 1013904223u;
        const auto piece = stream.substr(at, 1 + (pieces >> 16) % 40);
        fuzz::feed(in_pieces, piece);
        at += piece.size();
        take_frames(in_pieces, split);
        CHECK(in_pieces.prepare(1).size() <= proto::limits::max_control_length + (64u << 10));
    }
    CHECK(whole == split);

    // Frames are the bytes that they were made of.
    std::string joined;
    for (const auto& frame : whole.frames) {
        joined += frame;
    }
    CHECK(stream.substr(0, joined.size()) == joined);
    return 0;
}
