// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "interop/os/unique_fd.h"
#include "interop/text/endpoint.h"
#include "proto/base/result.h"
#include "proto/wire/client_protocol.h"
#include "proto/wire/limits.h"

namespace interop {

/// A connection on which the handshake is over: a request may be sent.
struct HostConnection {
    UniqueFd socket;  ///< Non-blocking.
    std::unique_ptr<proto::ClientProtocol> protocol;
    bool passes_descriptors = false;
};

/// How long to wait for an agent; by default as long as the protocol says.
struct HandshakePatience {
    std::chrono::milliseconds greeting =
        proto::limits::greeting_deadline;  ///< From connect until the agent's Greeting.
    std::chrono::milliseconds proof = proto::limits::authentication_deadline;  ///< For its proof, after that time.
};

/// Connects to one endpoint and goes through the handshake, blocking at most for `patience`. `key` is needed on tcp, and on
/// vsock where the agent asks for it.
proto::Result<HostConnection> open_host_connection(const Endpoint& endpoint, const std::optional<proto::Key>& key,
                                                   const HandshakePatience& patience = {});

/// Sends `bytes` from the front and with the first of them `descriptors`; says how many bytes went out. EAGAIN
/// without having sent anything if the socket is full.
proto::Result<std::size_t> send_with_descriptors(int socket, std::string_view bytes, std::span<const int> descriptors);

/// Whether the endpoint's descriptors are to be relayed although they could be passed (MZINIT_RELAY=1, for tests).
bool relaying_is_forced();

}  // namespace interop
