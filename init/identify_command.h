// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace init {

enum class IdentifyFormat { sentence, json };

/// What is said besides what a file is: nothing, or what would happen if it were run.
enum class IdentifyRoute { leave_out, show };

/// `mzinit identify FILE...`: one line on standard output for each file, and with the route one more for each backend (in
/// JSON all in one line). Returns the exit status: 1 if a file could not be read or is empty, or the configuration is
/// wrong, which is said on standard error.
int identify_files(const std::vector<std::string>& paths, IdentifyFormat format, IdentifyRoute route);

}  // namespace init
