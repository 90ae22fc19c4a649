// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace init {

/// Asks all processes of the machine but us to end: SIGTERM, SIGHUP for those that ignore that, as interactive shells
/// do, and SIGCONT, since what is stopped could not end.
void terminate_all_processes();

/// Whether a process with this /proc/PID/status ignores `signal`. Pure.
bool ignores_signal(std::string_view status, int signal);

}  // namespace init
