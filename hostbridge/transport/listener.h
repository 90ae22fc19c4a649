// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>
#include <memory>

#include "hostbridge/transport/connection.h"
#include "interop/text/endpoint.h"

namespace hostbridge {

using OnConnection = std::function<void(std::unique_ptr<Connection> connection, const Peer& peer)>;

/// Starts to listen. What this system does not have, and tcp on anything but the loopback, is an Error that
/// says what to do instead.
proto::Result<std::unique_ptr<Listener>> make_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                       OnConnection on_connection);

}  // namespace hostbridge
