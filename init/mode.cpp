// SPDX-License-Identifier: MIT
#include "init/mode.h"

#include <algorithm>
#include <iterator>

namespace init {
namespace {

constexpr std::string_view subcommands[] = {"register", "unregister", "status",    "run",    "identify",
                                            "broker",   "report",     "path",      "config", "doctor",
                                            "shims",    "shim",       "--version", "--help", "-h"};

bool was_started_by_old_kernel(const StartFacts& facts) {
    return !facts.kernel_tells_interpreters && facts.argv0_is_own_path && !facts.is_first_process &&
           facts.argv1_is_mz_file;
}

}  // namespace

Mode decide_mode(const StartFacts& facts) {
    // Before everything else: a Windows program can be PID 1 of a container, and can be called "status".
    if (facts.is_binfmt_interpreter || was_started_by_old_kernel(facts)) return Mode::interpreter;
    // The kernel passes words of its own command line, whatever they are: they must not turn PID 1 into a tool.
    if (facts.is_first_process && facts.in_initial_pid_namespace) return Mode::machine_init;
    if (facts.is_path_command) return Mode::command_line;
    // tini has no subcommands: `tini status` runs a program of that name.
    if (facts.has_personality) return Mode::container_init;
    if (std::ranges::find(subcommands, facts.argv1) != std::end(subcommands)) return Mode::command_line;
    return Mode::container_init;
}

}  // namespace init
