// SPDX-License-Identifier: MIT
#include "hostbridge/transport/listener.h"

#include <cerrno>

#include "hostbridge/transport/tcp_listener.h"

namespace hostbridge {

proto::Result<std::unique_ptr<Listener>> make_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                       OnConnection on_connection) {
    if (endpoint.kind == interop::Endpoint::Kind::tcp)
        return make_tcp_listener(loop, endpoint, std::move(on_connection));
    return proto::errno_error(ENOTSUP, "listen on " + to_string(endpoint) + " (on Windows: tcp:127.0.0.1:PORT)");
}

}  // namespace hostbridge
