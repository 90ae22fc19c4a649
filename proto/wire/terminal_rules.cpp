// SPDX-License-Identifier: MIT
#include "proto/wire/terminal_rules.h"

namespace proto {

bool is_terminal_request(std::uint32_t terminal_streams) {
    return terminal_streams == 0 || terminal_streams == terminal_input_output || terminal_streams == terminal_all;
}

bool is_answer_to_terminal_request(const mzinit::v1::LaunchReply& reply, std::uint32_t terminal_streams) {
    if (reply.terminal() == mzinit::v1::TERMINAL_KIND_NONE) return true;
    const bool is_known_kind =
        reply.terminal() == mzinit::v1::TERMINAL_KIND_POSIX || reply.terminal() == mzinit::v1::TERMINAL_KIND_WINDOWS;
    const bool carries_terminal = (reply.relayed_streams() & terminal_input_output) == terminal_input_output;
    const bool has_own_error = (reply.relayed_streams() & ~terminal_input_output) != 0;
    return terminal_streams != 0 && is_known_kind && carries_terminal &&
           !(terminal_streams == terminal_all && has_own_error);
}

}  // namespace proto
