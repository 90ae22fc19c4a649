// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "launch.pb.h"

/// Terminal sessions: PROTOCOL.md, section 6.
namespace proto {

/// Launch.terminal_streams: standard input and output, and all three.
inline constexpr std::uint32_t terminal_input_output = 0b011;
inline constexpr std::uint32_t terminal_all = 0b111;

/// Whether terminal_streams asks for a terminal as it may, or for none.
bool is_terminal_request(std::uint32_t terminal_streams);

/// Whether the reply fits the request: a terminal only if one was asked for, with the streams that it carries.
bool is_answer_to_terminal_request(const mzinit::v1::LaunchReply& reply, std::uint32_t terminal_streams);

}  // namespace proto
