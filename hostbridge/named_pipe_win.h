// SPDX-License-Identifier: MIT
#pragma once

#include "hostbridge/unique_handle_win.h"
#include "proto/base/result.h"

namespace hostbridge {

/// Which way a standard stream of a child goes.
enum class PipeDirection { to_child, from_child };

/// A pipe between the agent and a child. A named one, because ends of an anonymous pipe cannot be overlapped and cost
/// libuv a thread each.
struct ChildPipe {
    UniqueHandle ours;    ///< Overlapped.
    UniqueHandle childs;  ///< Synchronous, as programs and the pseudoconsole want it.
};

/// Makes one that nobody else can open or inherit. Towards the child it has no buffer: a write completes when the child has
/// read it, which is how the agent knows what was read.
proto::Result<ChildPipe> make_child_pipe(PipeDirection direction);

}  // namespace hostbridge
