// SPDX-License-Identifier: MIT
#pragma once

namespace init {

/// Runs the subcommand of the command line, or answers --help or --version, and returns the exit status.
int run_command_line(int argc, const char* const* argv);

}  // namespace init
