// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/text/wslpath.h"
#include "proto/base/result.h"

namespace init {

/// What was written after `mzinit path`, or after `wslpath`.
struct PathOptions {
    bool wants_help = false;
    interop::PathQuestion question;
};

/// Reads the words. Options may stand before and after the path, and letters together (`-aw`). The Error is for the user.
proto::Result<PathOptions> parse_path_options(const std::vector<std::string>& words);

/// Prints the translated path, and returns the exit status: 0, or 1 with a line on standard error that begins with `name`,
/// what the user has called us.
int run_path(const std::string& name, const std::vector<std::string>& words);

}  // namespace init
