// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "proto/base/result.h"

namespace interop {

/// Starts words[0], looked up on our PATH, in a session of its own, with default signals and nothing of ours open:
/// its standard input and output are the given ones (borrowed; -1: /dev/null), its standard error is /dev/null.
/// `environment` is "NAME=value". The caller waits for the pid that it gets.
proto::Result<pid_t> spawn_detached(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                                    int standard_input = -1, int standard_output = -1);

}  // namespace interop
