// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/text/endpoint.h"
#include "proto/base/result.h"
#include "proto/wire/authentication.h"

namespace interop {

/// What the broker gives to one whom it allows: PROTOCOL.md, section 10.
struct BrokerGrant {
    proto::Key ticket;
    std::vector<Endpoint> endpoints;  ///< Perhaps none.
};

/// Asks the broker at that socket for a ticket, within a second. ENOENT if there is no socket; the broker's own sentence if it
/// refuses.
proto::Result<BrokerGrant> ask_broker(const std::string& socket_path);

}  // namespace interop
