// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "interop/route/terminal_options.h"

namespace interop {

/// What is known of descriptors 0 to 2 when a program is about to be started.
struct StreamTerminals {
    std::array<std::optional<unsigned>, 3> device;  ///< Number of each that is a terminal (TIOCGDEV).
    bool in_foreground = false;                     ///< Of the terminal that is standard input.
};

/// Launch.terminal_streams: PROTOCOL.md, section 6. Pure.
std::uint32_t choose_terminal_streams(PtyMode mode, const StreamTerminals& terminals);

/// The facts of this process.
StreamTerminals observe_stream_terminals();

}  // namespace interop
