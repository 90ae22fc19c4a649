// SPDX-License-Identifier: MIT
#pragma once

namespace interop::exit_code {

/// What mzinit exits with when no program's own status is there to report; the same numbers as a shell's and env(1)'s.
inline constexpr int bridge_failed = 125;  ///< No agent, protocol error, lost connection.
inline constexpr int cannot_run = 126;
inline constexpr int not_found = 127;

}  // namespace interop::exit_code
