// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/route/configuration.h"
#include "proto/wire/ticket.h"

namespace init {

/// What the broker says to a caller: a ticket and where agents listen, or why not.
class BrokerReplies {
  public:
    /// An Error if no ticket can be made from `key`, or the endpoints are too many for a reply.
    static proto::Result<BrokerReplies> make(proto::Key key, const interop::Configuration& configuration);

    /// The packet for who is connected to that socket.
    [[nodiscard]] std::string for_caller(int socket) const;

  private:
    BrokerReplies(proto::Key key, interop::BrokerPolicy policy) : key_(std::move(key)), policy_(std::move(policy)) {}

    [[nodiscard]] std::string ticket_for(const proto::GuestUser& user) const;

    proto::Key key_;
    interop::BrokerPolicy policy_;
    std::vector<std::string> endpoints_;
};

}  // namespace init
