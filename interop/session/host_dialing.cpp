// SPDX-License-Identifier: MIT
#include "interop/session/host_dialing.h"

#include <optional>
#include <string>

namespace interop {
namespace {

class HostDialing {
  public:
    explicit HostDialing(const Configuration& configuration)
        : configuration_(configuration), credentials_(configuration) {}

    proto::Result<DialedHost> dial() {
        auto host = dial(configuration_.endpoints);
        if (!host && !configuration_.names_endpoints) host = dial(credentials_.offered_endpoints());
        if (host) return std::move(*host);
        return proto::stated_error("no agent answers (" + problems_ + ")");
    }

  private:
    std::optional<DialedHost> dial(const std::vector<Endpoint>& endpoints) {
        for (const Endpoint& endpoint : endpoints) {
            auto connection = connect_to_host(endpoint, credentials_);
            if (connection) return DialedHost{endpoint, std::move(*connection)};
            if (!problems_.empty()) problems_ += "; ";
            problems_ += to_string(endpoint) + ": " + connection.error().message();
        }
        return std::nullopt;
    }

    const Configuration& configuration_;
    ClientCredentials credentials_;
    std::string problems_;
};

}  // namespace

proto::Result<HostConnection> connect_to_host(const Endpoint& endpoint, ClientCredentials& credentials,
                                              const HandshakePatience& patience) {
    if (endpoint.kind == Endpoint::Kind::unix_socket) return open_host_connection(endpoint, std::nullopt, patience);
    auto key = credentials.for_connection();
    if (key) return open_host_connection(endpoint, *key, patience);
    if (endpoint.kind == Endpoint::Kind::tcp) return key.error();
    // An agent on vsock may do without.
    auto connection = open_host_connection(endpoint, std::nullopt, patience);
    const bool needs_key = !connection && connection.error().code == proto::PeerFault::authentication;
    return needs_key ? key.error() : std::move(connection);
}

proto::Result<DialedHost> dial_host(const Configuration& configuration) { return HostDialing(configuration).dial(); }

}  // namespace interop
