// SPDX-License-Identifier: MIT
#pragma once

#include "interop/route/client_credentials.h"
#include "interop/route/configuration.h"
#include "interop/session/host_connection.h"

namespace interop {

/// A connection, and which of the configured endpoints it leads to.
struct DialedHost {
    Endpoint endpoint;
    HostConnection connection;
};

/// Connects to one endpoint, with a key or a ticket if it needs one. An Error of the key comes out where the agent cannot be
/// asked without.
proto::Result<HostConnection> connect_to_host(const Endpoint& endpoint, ClientCredentials& credentials,
                                              const HandshakePatience& patience = {});

/// Connects to the first of the configured endpoints that answers, within the deadlines of open_host_connection() for
/// each; if none is configured, then to those that the broker knows. A key, or a ticket from the broker, is looked for only
/// if an endpoint needs it. An Error says of each endpoint what was wrong.
proto::Result<DialedHost> dial_host(const Configuration& configuration);

}  // namespace interop
