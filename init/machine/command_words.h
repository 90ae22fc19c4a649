// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace init {

/// The words by which a command line of the configuration is executed. One that has nothing special to a shell in it is
/// split at blanks, so that it needs no shell (as make does it); any other becomes {"/bin/sh", "-c", line}. Empty for an
/// empty line. Pure.
std::vector<std::string> command_words(std::string_view line);

}  // namespace init
