// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace init {

enum class IdentifyFormat { sentence, json };

/// `mzinit identify FILE...`: one line on standard output for each file. Returns the exit status: 1 if one of them
/// could not be read or is empty, which is said on standard error.
int identify_files(const std::vector<std::string>& paths, IdentifyFormat format);

}  // namespace init
