// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {

/// A frame of which tests/golden/v1 keeps the bytes, made by our encoders from fixed inputs.
struct GoldenFrame {
    std::string file;
    std::string bytes;
};

inline std::ostream& operator<<(std::ostream& out, const GoldenFrame& frame) { return out << frame.file; }

/// What the recorded handshake was made with: nonces of 01.. and 02.., the key 00 01 02 .. 1f named "default".
GreetingOptions golden_client_options();
GreetingOptions golden_agent_options();
Key golden_key();

/// In the order of the manifest.
std::vector<GoldenFrame> golden_frames();

}  // namespace proto
