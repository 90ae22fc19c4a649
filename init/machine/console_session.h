// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace init {

/// Whether a command line is that of a shell for a person: `bash -l`, not `sh -c COMMAND` and no script. Pure.
bool is_interactive_shell(const std::vector<std::string>& words);

/// Lets a command run on the console without being the leader of its session. When a leader ends, the kernel hangs the
/// terminal up, and what a serial line has not sent by then is lost: the last lines of a command that prints its result and
/// ends. So this process, the leader with the terminal as its standard input and output, forks; the child, in the
/// foreground and in a group of its own, returns and becomes the command. Here the end of the child is waited for, then
/// that of the output, for a second at most if none of it goes, and this process ends as the child did.
void hold_session_for_command();

}  // namespace init
