// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "interop/route/broker_client.h"
#include "interop/route/configuration.h"

namespace interop {

/// By what the caller proves to agents who it is. In this order: the key of the configuration if the caller may read it (then
/// it is the caller's own, or the caller is root); for root, the key in the default places; a ticket from the broker;
/// for others, the key in the default places.
class ClientCredentials {
  public:
    /// `configuration` is borrowed.
    explicit ClientCredentials(const Configuration& configuration) : configuration_(configuration) {}

    /// A key for one connection: a new ticket each time, since they do not last. The Error says what was tried.
    proto::Result<proto::Key> for_connection();

    /// Where the broker says that agents listen; empty if there is no broker, or it refuses. Asks it at most once.
    std::vector<Endpoint> offered_endpoints();

  private:
    const proto::Result<BrokerGrant>& ask();
    proto::Result<proto::Key> ticket();

    const Configuration& configuration_;
    std::optional<proto::Result<proto::Key>> own_key_;
    std::optional<proto::Result<BrokerGrant>> grant_;  // the last answer
    bool ticket_is_fresh_ = false;                     // that of grant_ was not used yet
};

}  // namespace interop
