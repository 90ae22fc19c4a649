// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "interop/os/signals.h"
#include "proto/base/result.h"

namespace interop {

/// A program to start as our child. Descriptors are borrowed for the call.
struct SpawnRequest {
    std::string path;                      ///< Of the program; not searched for.
    int program_fd = -1;                   ///< If not -1, the open program, executed in place of `path`.
    std::vector<std::string> arguments;    ///< With argv[0].
    char* const* environment = nullptr;    ///< Null: ours.
    const SignalState* signals = nullptr;  ///< What the child inherits; null: what we have.
    int standard_input = -1;               ///< -1: ours; the same for the other two.
    int standard_output = -1;
    int standard_error = -1;
    bool own_process_group = false;
    bool own_session = false;        ///< And, if the standard input is a terminal that no session has, it gets that.
    int foreground_terminal = -1;    ///< If not -1, the child's group is put into its foreground.
    bool shell_for_unknown = false;  ///< As execvp(3): what the kernel takes for no program is a script of /bin/sh.
};

/// Starts it and returns once the program runs. The Error is that of execve(2) if it could not be executed, and
/// nothing is left behind then.
proto::Result<pid_t> spawn(const SpawnRequest& request);

/// Finds `name` as execvp(3) does: a name without a slash in the directories of `path_list`, the first that can be
/// executed; EACCES if there are only files that cannot be, ENOENT if there are none.
proto::Result<std::string> find_program(const std::string& name, const char* path_list);

}  // namespace interop
