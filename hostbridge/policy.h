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

/// Who may connect. A unix socket admits the agent's own user, and root only if it is seen to sit in the agent's own
/// namespaces; vsock admits listed context ids, there root by its port and others by the key; on tcp the key decides.
struct AdmissionPolicy {
    std::uint32_t own_user_id = 0;
    std::vector<std::uint32_t> allowed_context_ids;
    bool vsock_needs_key = false;        ///< Root, too.
    bool vsock_admits_any_port = false;  ///< Every user of a listed guest is as good as its root.
    bool has_keys = false;               ///< There are keys that a peer could prove.
    SharesNamespaces shares_namespaces;

    /// Why `peer` is not admitted, for the log; nothing if it is.
    [[nodiscard]] std::optional<std::string> refusal(const Peer& peer) const;

    /// Whether an admitted `peer` must prove that it knows a key.
    [[nodiscard]] bool needs_key(const Peer& peer) const;
};

}  // namespace hostbridge
