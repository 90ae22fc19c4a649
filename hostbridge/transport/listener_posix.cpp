// SPDX-License-Identifier: MIT
#include "hostbridge/transport/listener.h"

#include "hostbridge/transport/tcp_listener.h"
#include "hostbridge/transport/unix_listener_posix.h"
#include "hostbridge/transport/vsock_listener_posix.h"

namespace hostbridge {

proto::Result<std::unique_ptr<Listener>> make_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                       OnConnection on_connection) {
    switch (endpoint.kind) {
        case interop::Endpoint::Kind::unix_socket: return make_unix_listener(loop, endpoint, std::move(on_connection));
        case interop::Endpoint::Kind::vsock: return make_vsock_listener(loop, endpoint, std::move(on_connection));
        case interop::Endpoint::Kind::tcp: break;
    }
    return make_tcp_listener(loop, endpoint, std::move(on_connection));
}

}  // namespace hostbridge
