// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base/result.h"

namespace interop {

/// Where an agent listens: `unix:PATH`, `vsock:CID:PORT` (`vsock:PORT` to listen), `tcp:ADDRESS:PORT` with a
/// numeric IPv4 or bracketed IPv6 address, `tcp:gateway:PORT` for the default route's next hop.
struct Endpoint {
    enum class Kind { unix_socket, vsock, tcp };

    static constexpr std::uint32_t any_cid = 0xFFFFFFFF;

    Kind kind = Kind::unix_socket;
    std::string path;             ///< unix: absolute path.
    std::uint32_t cid = any_cid;  ///< vsock: any_cid if none was written.
    std::string address;          ///< tcp: numeric, without brackets; or "gateway".
    std::uint32_t port = 0;       ///< tcp: at most 65535; 0 asks the system for one when listening.

    bool operator==(const Endpoint&) const = default;
};

/// Reads one endpoint; the Error repeats the text and says what is wrong with it.
proto::Result<Endpoint> parse_endpoint(std::string_view text);

/// The inverse of parse_endpoint.
std::string to_string(const Endpoint& endpoint);

}  // namespace interop
