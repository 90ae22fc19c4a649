// SPDX-License-Identifier: MIT
#include "interop/session/host_dialing.h"

#include <optional>
#include <string>

#include "interop/route/client_key.h"

namespace interop {
namespace {

class HostDialing {
  public:
    explicit HostDialing(const Configuration& configuration) : configuration_(configuration) {}

    proto::Result<DialedHost> dial() {
        std::string problems;
        for (const Endpoint& endpoint : configuration_.endpoints) {
            auto connection = connect_to(endpoint);
            if (connection) return DialedHost{endpoint, std::move(*connection)};
            if (!problems.empty()) problems += "; ";
            problems += to_string(endpoint) + ": " + connection.error().message();
        }
        return proto::stated_error("no agent answers (" + problems + ")");
    }

  private:
    proto::Result<HostConnection> connect_to(const Endpoint& endpoint) {
        if (endpoint.kind == Endpoint::Kind::unix_socket) return open_host_connection(endpoint, std::nullopt);
        if (!key_) key_.emplace(load_client_key(configuration_.key_file));
        if (*key_) return open_host_connection(endpoint, **key_);
        // An agent on vsock may do without.
        if (endpoint.kind == Endpoint::Kind::tcp) return key_->error();
        return open_host_connection(endpoint, std::nullopt);
    }

    const Configuration& configuration_;
    std::optional<proto::Result<proto::Key>> key_;
};

}  // namespace

proto::Result<DialedHost> dial_host(const Configuration& configuration) { return HostDialing(configuration).dial(); }

}  // namespace interop
