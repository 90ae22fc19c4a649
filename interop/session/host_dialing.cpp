// SPDX-License-Identifier: MIT
#include "interop/session/host_dialing.h"

#include <optional>
#include <string>

#include "interop/route/client_credentials.h"

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
            auto connection = connect_to(endpoint);
            if (connection) return DialedHost{endpoint, std::move(*connection)};
            if (!problems_.empty()) problems_ += "; ";
            problems_ += to_string(endpoint) + ": " + connection.error().message();
        }
        return std::nullopt;
    }

    proto::Result<HostConnection> connect_to(const Endpoint& endpoint) {
        if (endpoint.kind == Endpoint::Kind::unix_socket) return open_host_connection(endpoint, std::nullopt);
        auto key = credentials_.for_connection();
        if (key) return open_host_connection(endpoint, *key);
        if (endpoint.kind == Endpoint::Kind::tcp) return key.error();
        // An agent on vsock may do without.
        auto connection = open_host_connection(endpoint, std::nullopt);
        const bool needs_key = !connection && connection.error().code == proto::PeerFault::authentication;
        return needs_key ? key.error() : std::move(connection);
    }

    const Configuration& configuration_;
    ClientCredentials credentials_;
    std::string problems_;
};

}  // namespace

proto::Result<DialedHost> dial_host(const Configuration& configuration) { return HostDialing(configuration).dial(); }

}  // namespace interop
