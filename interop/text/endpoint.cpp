// SPDX-License-Identifier: MIT
#include "interop/text/endpoint.h"

#include <charconv>
#include <optional>

namespace interop {
namespace {

// sizeof(sockaddr_un::sun_path) - 1 on Linux; this file is compiled for Windows too.
constexpr std::size_t longest_unix_path = 107;

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t largest) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > largest)
        return std::nullopt;
    return value;
}

proto::Error bad(std::string_view text, std::string_view why) {
    return proto::stated_error("endpoint \"" + std::string(text) + "\" (" + std::string(why) + ")");
}

bool looks_numeric_ipv4(std::string_view address) {
    int dots = 0;
    while (true) {
        const auto dot = address.find('.');
        if (!parse_number(address.substr(0, dot), 255)) return false;
        if (dot == std::string_view::npos) return dots == 3;
        address.remove_prefix(dot + 1);
        ++dots;
    }
}

proto::Result<Endpoint> parse_tcp(std::string_view text, std::string_view rest) {
    Endpoint endpoint;
    endpoint.kind = Endpoint::Kind::tcp;
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos) return bad(text, "wanted tcp:ADDRESS:PORT");
    const auto port = parse_number(rest.substr(colon + 1), 65535);
    if (!port) return bad(text, "the port is not a number up to 65535");
    endpoint.port = *port;
    std::string_view address = rest.substr(0, colon);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        address = address.substr(1, address.size() - 2);
        if (address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) {
            return bad(text, "not a numeric IPv6 address");
        }
    } else if (address != "gateway" && !looks_numeric_ipv4(address)) {
        return bad(text, "wanted a numeric IPv4 address, an IPv6 address in brackets, or \"gateway\"");
    }
    endpoint.address = address;
    return endpoint;
}

proto::Result<Endpoint> parse_vsock(std::string_view text, std::string_view rest) {
    Endpoint endpoint;
    endpoint.kind = Endpoint::Kind::vsock;
    const auto colon = rest.find(':');
    const auto cid = colon == std::string_view::npos ? Endpoint::any_cid
                                                     : parse_number(rest.substr(0, colon), Endpoint::any_cid - 1);
    const auto port = parse_number(colon == std::string_view::npos ? rest : rest.substr(colon + 1), 0xFFFFFFFE);
    if (!cid || !port) return bad(text, "wanted vsock:CID:PORT, or vsock:PORT to listen");
    endpoint.cid = *cid;
    endpoint.port = *port;
    return endpoint;
}

}  // namespace

proto::Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto colon = text.find(':');
    const std::string_view scheme = text.substr(0, colon);
    const std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (scheme == "tcp") return parse_tcp(text, rest);
    if (scheme == "vsock") return parse_vsock(text, rest);
    if (scheme != "unix") return bad(text, "wanted unix:, vsock: or tcp:");
    if (rest.empty() || rest.front() != '/') return bad(text, "the path is not absolute");
    if (rest.size() > longest_unix_path) return bad(text, "the path is longer than a socket's can be");
    Endpoint endpoint;
    endpoint.path = rest;
    return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
    switch (endpoint.kind) {
        case Endpoint::Kind::unix_socket: return "unix:" + endpoint.path;
        case Endpoint::Kind::vsock:
            return (endpoint.cid == Endpoint::any_cid ? "vsock:" : "vsock:" + std::to_string(endpoint.cid) + ":") +
                   std::to_string(endpoint.port);
        case Endpoint::Kind::tcp: break;
    }
    const bool ipv6 = endpoint.address.find(':') != std::string::npos;
    return "tcp:" + (ipv6 ? "[" + endpoint.address + "]" : endpoint.address) + ":" + std::to_string(endpoint.port);
}

}  // namespace interop
