// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interop {

/// Whether a program on the host gets a terminal of its own.
enum class PtyMode {
    automatic,  ///< If its standard input and output are our terminal, in whose foreground we are.
    always,
    never,
};

/// "auto", "always" or "never".
std::optional<PtyMode> parse_pty_mode(std::string_view text);

/// [terminal] of the configuration.
struct TerminalOptions {
    PtyMode mode = PtyMode::automatic;  ///< pty
    std::vector<std::string> always;    ///< Names of programs that get one always, ...
    std::vector<std::string> never;     ///< ... and never.

    /// The mode for a program, by the last part of its path; capitals do not matter.
    [[nodiscard]] PtyMode mode_for(std::string_view path) const;
};

}  // namespace interop
