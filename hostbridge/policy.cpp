// SPDX-License-Identifier: MIT
#include "hostbridge/policy.h"

#include <algorithm>

namespace hostbridge {
namespace {

// What the kernel shows of every user that the agent's user namespace does not know: it may be anybody.
constexpr std::uint32_t overflow_user_id = 65534;

// A guest's kernel lets only its root connect from the ports below.
constexpr std::uint32_t first_unprivileged_port = 1024;

}  // namespace

std::string to_string(const Peer& peer) {
    std::string text;
    switch (peer.transport) {
        case Peer::Transport::unix_socket:
            text = "unix uid=" + std::to_string(peer.user_id) + " pid=" + std::to_string(peer.process_id);
            break;
        case Peer::Transport::vsock:
            text = "vsock cid=" + std::to_string(peer.context_id) + " port=" + std::to_string(peer.port);
            break;
        case Peer::Transport::tcp: text = "tcp " + peer.address; break;
    }
    if (!peer.key_name.empty()) text += " key=" + peer.key_name;
    if (peer.guest_user) {
        text +=
            " uid=" + std::to_string(peer.guest_user->user_id) + " gid=" + std::to_string(peer.guest_user->group_id);
    }
    return text;
}

std::optional<std::string> AdmissionPolicy::refusal(const Peer& peer) const {
    switch (peer.transport) {
        case Peer::Transport::unix_socket:
            if (peer.user_id == overflow_user_id) return "its user is not known here";
            // Before the agent's own user, which may be root, too: that of a container is another.
            if (peer.user_id == 0) {
                if (peer.process_id != 0 && shares_namespaces(peer.process_id)) return std::nullopt;
                return "it is root, and not seen to be in the agent's own user and mount namespaces";
            }
            if (peer.user_id != own_user_id) return "only the agent's own user may connect";
            return std::nullopt;
        case Peer::Transport::vsock:
            if (std::ranges::find(allowed_context_ids, peer.context_id) == allowed_context_ids.end()) {
                return "its context id is not listed with --allow-cid";
            }
            if (needs_key(peer) && !has_keys) {
                return "its port is not one of the guest's root (below 1024), and there is no --key-file";
            }
            return std::nullopt;
        case Peer::Transport::tcp: break;
    }
    return std::nullopt;
}

bool AdmissionPolicy::needs_key(const Peer& peer) const {
    switch (peer.transport) {
        case Peer::Transport::unix_socket: return false;
        case Peer::Transport::vsock:
            return vsock_needs_key || (peer.port >= first_unprivileged_port && !vsock_admits_any_port);
        case Peer::Transport::tcp: break;
    }
    return true;
}

}  // namespace hostbridge
