// SPDX-License-Identifier: MIT
#pragma once

namespace init {

/// If [interop] appendWindowsPath says so, puts the directories in which the host looks for programs at the end of our
/// PATH, as the guest names them. Asks the agent in a process of its own, and waits for that a second at most; a warning
/// says what went wrong. For before the command is started, while nothing else of ours is.
void append_host_search_path();

}  // namespace init
