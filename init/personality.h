// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace init {

/// Whose command line, messages and behaviour a container's init has: a link of that name replaces the program.
enum class Personality { mzinit, tini, dumb_init };

/// By the last component of argv[0]: "tini", "tini-static" and "docker-init" (Docker's name for it), "dumb-init".
Personality personality_of(std::string_view argv0) noexcept;

/// The last component of argv[0] if it is a name of the subcommand `path`: "mzpath", or "wslpath" as WSL calls its own.
/// Empty otherwise.
std::string_view path_command_name(std::string_view argv0) noexcept;

}  // namespace init
