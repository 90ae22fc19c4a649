// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

namespace hostbridge {

/// Both ends of a terminal of our own: what is written to the master is typed, what is read from it appears on the
/// terminal. It is hung up when the last descriptor of the master is closed.
struct PseudoTerminal {
    interop::UniqueFd master;
    interop::UniqueFd slave;
};

/// A new terminal of that size (0: not known) with ordinary modes, and UTF-8 to be edited in lines.
proto::Result<PseudoTerminal> open_pseudo_terminal(std::uint32_t rows, std::uint32_t columns);

/// Gives the terminal another size, of which its foreground group hears by SIGWINCH; `terminal` is either end. More
/// rows or columns than a terminal can have are as many as it can have.
void set_terminal_size(int terminal, std::uint32_t rows, std::uint32_t columns) noexcept;

/// What a terminal makes of a typed character.
enum class TypedCharacter { input, interrupt, quit };

/// What the terminal of `master` makes of the last character of `typed` in its present modes.
TypedCharacter meaning_of_last(int master, std::string_view typed) noexcept;

}  // namespace hostbridge
