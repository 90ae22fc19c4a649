// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace init {

/// `search_path`, a PATH, or null where that is not set and the usual directories count, with `directories` behind it. An empty one
/// means the working directory, as ever. Pure.
std::string with_host_directories(const char* search_path, const std::string& directories);

/// If [interop] appendWindowsPath says so, puts the directories in which the host looks for programs at the end of our
/// PATH, as the guest names them. Asks the agent in a process of its own, and waits for that a second at most; a warning
/// says what went wrong. For before the command is started, while nothing else of ours is.
void append_host_search_path();

}  // namespace init
