// SPDX-License-Identifier: MIT
#pragma once

#include "hostbridge/transport/listener.h"

namespace hostbridge {

/// make_listener for vsock: every context id is accepted here, and the policy decides.
proto::Result<std::unique_ptr<Listener>> make_vsock_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                             OnConnection on_connection);

}  // namespace hostbridge
