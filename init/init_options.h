// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "proto/base/result.h"

namespace init {

/// The command line of init: `mzinit [options] [--] command arguments...`.
struct InitOptions {
    bool register_rule = false;        ///< --register
    unsigned verbosity = 0;            ///< -v, repeatable
    std::vector<std::string> command;  ///< Empty: none was given.
};

/// Who wrote the arguments, and so what to do about those that are not known.
enum class ArgumentSource {
    user,    ///< They are errors.
    kernel,  ///< They are words of the kernel's command line and mean nothing; the command is an absolute path.
};

/// Reads argv[1..]. Options stop at the first operand, and can be written together (`-vv`). The text of the
/// failure is a sentence for the user.
proto::Result<InitOptions> parse_init_options(const std::vector<std::string>& arguments, ArgumentSource source);

/// The text for --help and for a missing command.
const char* init_usage();

}  // namespace init
