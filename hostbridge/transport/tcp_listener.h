// SPDX-License-Identifier: MIT
#pragma once

#include "hostbridge/transport/listener.h"

namespace hostbridge {

/// Whether `address` (numeric, without brackets) can be reached from this machine only.
bool is_loopback(const std::string& address);

/// make_listener for tcp, on both systems.
proto::Result<std::unique_ptr<Listener>> make_tcp_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                           OnConnection on_connection);

}  // namespace hostbridge
