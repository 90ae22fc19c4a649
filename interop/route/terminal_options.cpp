// SPDX-License-Identifier: MIT
#include "interop/route/terminal_options.h"

#include "interop/route/program_list.h"

namespace interop {

std::optional<PtyMode> parse_pty_mode(std::string_view text) {
    if (text == "auto") return PtyMode::automatic;
    if (text == "always") return PtyMode::always;
    if (text == "never") return PtyMode::never;
    return std::nullopt;
}

PtyMode TerminalOptions::mode_for(std::string_view path) const {
    if (lists_program(never, path)) return PtyMode::never;
    if (lists_program(always, path)) return PtyMode::always;
    return mode;
}

}  // namespace interop
