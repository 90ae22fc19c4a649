// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "proto/base/result.h"

namespace interop {

/// Starts words[0], looked up on our PATH, in a session of its own, with default signals and nothing of ours open:
/// its standard input and output are the given ones (borrowed; -1: /dev/null), its standard error is /dev/null.
/// `environment` is "NAME=value". The caller waits for the pid that it gets.
proto::Result<pid_t> spawn_detached(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                                    int standard_input = -1, int standard_output = -1);

/// A child that fork_detached() made.
struct DetachedChild {
    pid_t pid;
    std::string failure;  ///< What `become` has returned; empty if the child became, or runs, a program.
};

/// Forks a child in a session of its own, with /dev/null for its standard streams and the rest as we have it, in which
/// `become` executes another program or calls `started` and runs it; then it returns. If it returns without either, the child
/// is gone and has said why in `failure`, which is never empty then; otherwise it lives on and nobody waits for it. The calling
/// process must have one thread.
proto::Result<DetachedChild> fork_detached(
    const std::function<std::string(const std::function<void()>& started)>& become);

}  // namespace interop
