// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hostbridge/peer.h"

namespace hostbridge {

/// Whether the process of that id lives in the agent's own user and mount namespaces.
using SharesNamespaces = std::function<bool(std::uint32_t process_id)>;

/// Who may connect. A unix socket admits the agent's own user, and root if it sits in the agent's own namespaces; vsock
/// admits listed context ids; on tcp the key decides.
struct AdmissionPolicy {
    std::uint32_t own_user_id = 0;
    std::vector<std::uint32_t> allowed_context_ids;
    bool vsock_needs_key = false;
    SharesNamespaces shares_namespaces;

    /// Why `peer` is not admitted, for the log; nothing if it is.
    [[nodiscard]] std::optional<std::string> refusal(const Peer& peer) const;

    /// Whether an admitted `peer` must prove that it knows a key.
    [[nodiscard]] bool needs_key(const Peer& peer) const;
};

}  // namespace hostbridge
