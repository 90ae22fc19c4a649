// SPDX-License-Identifier: MIT
// Any payload of a CONTROL frame: refused, or a message that survives being written and read again.

#include <string>

#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Input input(bytes, size);
    const auto message = proto::parse_control(input.rest());
    if (!message) return 0;
    std::string frame;
    CHECK(proto::append_control(frame, *message));
    proto::FrameDecoder decoder;
    fuzz::feed(decoder, frame);
    const auto read = decoder.next();
    CHECK(read && read->has_value());
    const auto again = proto::parse_control((*read)->payload);
    CHECK(again && again->body_case() == message->body_case());
    CHECK(again->SerializeAsString() == message->SerializeAsString());
    return 0;
}
