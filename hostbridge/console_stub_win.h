// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hostbridge/child_process_win.h"

namespace hostbridge {

/// Starts a program on a pseudoconsole some of whose standard streams are something else. Who starts a process on a
/// pseudoconsole has no handles of that console to give to it; so a copy of this program is started there that has, starts
/// the program with them where `command.streams` are null, hands its process over and ends. Otherwise as create_child().
DWORD create_child_by_stub(const ChildCommand& command, ChildProcess& child);

/// If this process is such a copy: does its work and returns the exit code of main. Before anything else in main.
std::optional<int> run_console_stub(const std::vector<std::string>& arguments);

}  // namespace hostbridge
