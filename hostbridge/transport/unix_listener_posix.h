// SPDX-License-Identifier: MIT
#pragma once

#include "hostbridge/transport/listener.h"

namespace hostbridge {

/// make_listener for unix sockets. The file is made with mode 0600 and removed when the listener is destroyed; a stale
/// one, on which nobody listens, is replaced.
proto::Result<std::unique_ptr<Listener>> make_unix_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                            OnConnection on_connection);

}  // namespace hostbridge
