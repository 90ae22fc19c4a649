// SPDX-License-Identifier: MIT
#include "hostbridge/uv/tcp.h"

#include <array>

namespace hostbridge::uv {
namespace {

union Address {
    sockaddr_storage storage;
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

constexpr int listen_backlog = 511;

// A peer that lost its power says nothing, not even that it is gone.
constexpr unsigned keepalive_seconds = 60;

std::uint16_t port_of(const Address& address) {
    const std::uint16_t network = address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port;
    const auto* bytes = reinterpret_cast<const unsigned char*>(&network);
    return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

}  // namespace

proto::Result<std::unique_ptr<Tcp>> Tcp::listen(uv_loop_t* loop, const std::string& address, std::uint16_t port,
                                                OnConnection on_connection) {
    const std::string doing = "listen on tcp:" + address + ":" + std::to_string(port);
    Address where{};
    const int parsed = address.find(':') == std::string::npos ? uv_ip4_addr(address.c_str(), port, &where.v4)
                                                              : uv_ip6_addr(address.c_str(), port, &where.v6);
    if (parsed < 0) return error(parsed, doing);
    auto handle = Handle<uv_tcp_t, State>::make([&](uv_tcp_t* raw) { return uv_tcp_init(loop, raw); }, "make a socket");
    if (!handle) return handle.error();
    handle->state().on_connection = std::move(on_connection);
    if (const int result = uv_tcp_bind(handle->raw(), &where.any, 0); result < 0) return error(result, doing);
    std::unique_ptr<Tcp> listener(new Tcp(std::move(*handle)));
    const int result = uv_listen(listener->stream(), listen_backlog, [](uv_stream_t* server, int status) {
        if (auto* state = static_cast<State*>(server->data)) state->on_connection(check(status, "accept a connection"));
    });
    if (result < 0) return error(result, doing);
    return listener;
}

proto::Result<std::unique_ptr<Tcp>> Tcp::accept() {
    uv_loop_t* loop = handle_.raw()->loop;
    auto handle = Handle<uv_tcp_t, State>::make([&](uv_tcp_t* raw) { return uv_tcp_init(loop, raw); }, "make a socket");
    if (!handle) return handle.error();
    std::unique_ptr<Tcp> connection(new Tcp(std::move(*handle)));
    if (const int result = uv_accept(stream(), connection->stream()); result < 0) {
        return error(result, "accept a connection");
    }
    uv_tcp_nodelay(connection->handle_.raw(), 1);
    uv_tcp_keepalive(connection->handle_.raw(), 1, keepalive_seconds);
    return connection;
}

std::uint16_t Tcp::local_port() const {
    Address address{};
    int length = sizeof address;
    CHECK(uv_tcp_getsockname(handle_.raw(), &address.any, &length) == 0);
    return port_of(address);
}

std::string Tcp::peer() const {
    Address address{};
    int length = sizeof address;
    if (uv_tcp_getpeername(handle_.raw(), &address.any, &length) < 0) return {};
    std::array<char, 64> name{};
    const bool v6 = address.any.sa_family == AF_INET6;
    if (v6) {
        uv_ip6_name(&address.v6, name.data(), name.size());
    } else {
        uv_ip4_name(&address.v4, name.data(), name.size());
    }
    const std::string text = name.data();
    return (v6 ? "[" + text + "]" : text) + ":" + std::to_string(port_of(address));
}

}  // namespace hostbridge::uv
