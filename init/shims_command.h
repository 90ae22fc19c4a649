// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

/// `mzinit shims` and what the kernel starts for a shim. Each returns the exit status of init/README.md.
namespace init {

struct ShimsRequest {
    std::string directory;           ///< Empty: where this user's commands go.
    std::string alias;               ///< What the one shim to be added is called; empty: as its program.
    std::vector<std::string> names;  ///< Of the host's programs to add, or of shims to remove.
    std::string prefix;              ///< Of the names to list.
};

int add_shims(const ShimsRequest& request);
int remove_shims(const ShimsRequest& request);

/// A line for each shim in the directory or, if none is given, on PATH.
int list_shims(const ShimsRequest& request);

/// A line for each name that the host offers and that begins with `prefix`.
int list_available_programs(const std::string& prefix);

/// `mzinit shim FILE ARGUMENT...`: runs the program of the shim FILE on the host, and ends as it does.
int run_shim(const std::vector<std::string>& words);

}  // namespace init
