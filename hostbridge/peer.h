// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proto/wire/ticket.h"

namespace hostbridge {

/// Who is at the other end of a connection, as far as the transport and its key prove it.
struct Peer {
    enum class Transport { unix_socket, vsock, tcp };

    Transport transport = Transport::tcp;
    std::uint32_t user_id = 0;     ///< unix: as the agent's user namespace sees it.
    std::uint32_t group_id = 0;    ///< unix: likewise.
    std::uint32_t process_id = 0;  ///< unix: 0 if it is not in the agent's PID namespace.
    std::uint32_t context_id = 0;  ///< vsock.
    std::uint32_t port = 0;        ///< vsock.
    std::string address;           ///< tcp: "127.0.0.1:40123".

    std::string key_name;                        ///< Of the key that it proved, if it had to.
    std::optional<proto::GuestUser> guest_user;  ///< Who it is in the guest, if it proved that by a ticket.
};

/// "unix uid=1000 pid=4711", "vsock cid=3 port=1023", "tcp 127.0.0.1:40123 key=office uid=1000 gid=1000": one word per
/// fact, for logs.
std::string to_string(const Peer& peer);

}  // namespace hostbridge
