// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace init {

/// What this process was started for.
enum class Mode {
    interpreter,     ///< By the kernel, to run an MZ program.
    command_line,    ///< By a user: a subcommand, or an option that only asks for information.
    container_init,  ///< To start a command and look after its descendants, as PID 1 of a namespace or without that.
    machine_init,    ///< By the kernel, as the first process of a machine: it must never end.
};

/// What is known about the start of this process. All of it is observed in one place, so that the decision is pure.
struct StartFacts {
    bool is_binfmt_interpreter = false;  ///< The kernel says so: AT_FLAGS.
    bool kernel_tells_interpreters = true;
    bool argv0_is_own_path = false;  ///< argv[0] is the path by which the interpreter is registered.
    bool argv1_is_mz_file = false;   ///< argv[1] names a file that starts with "MZ".
    bool is_first_process = false;   ///< PID 1 of its namespace.
    bool in_initial_pid_namespace = false;
    bool has_personality = false;  ///< argv[0] is the name of another init.
    bool is_path_command = false;  ///< argv[0] is wslpath or mzpath.
    std::string_view argv1;
};

/// Decides, in the order that init/README.md gives.
Mode decide_mode(const StartFacts& facts);

/// Observes the facts. For PID 1 it mounts /proc if it is not there: only that tells a machine from a container.
StartFacts observe_start(int argc, const char* const* argv);

}  // namespace init
