// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "proto/base/result.h"

namespace interop {

/// Starts words[0], looked up on our PATH, in a session of its own, with default signals and nothing of ours open:
/// its standard input is `standard_input` (borrowed; -1: /dev/null), its output and error are /dev/null.
/// `environment` is "NAME=value". The caller waits for the pid that it gets.
proto::Result<pid_t> spawn_detached(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                                    int standard_input = -1);

}  // namespace interop
