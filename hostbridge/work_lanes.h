// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "hostbridge/agent_limits.h"
#include "hostbridge/uv/work.h"

namespace hostbridge {

/// Where work goes that something outside of the agent can hold up for long. The lanes leave threads of the pool to other work.
struct WorkLanes {
    /// `loop` is borrowed.
    explicit WorkLanes(uv_loop_t* loop, std::size_t file_threads = limits::file_threads,
                       std::size_t store_threads = limits::store_threads)
        : files(loop, file_threads), store(loop, store_threads) {}

    /// Whether anything of theirs is under way.
    [[nodiscard]] bool are_working() const { return files.is_working() || store.is_working(); }

    uv::WorkLane files;  ///< Looks at the host's files and directories: they may be on a network drive that is gone.
    uv::WorkLane store;  ///< Waits for the lock of the program store: another agent may have it.
};

}  // namespace hostbridge
