// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "hostbridge/uv/handle.h"
#include "hostbridge/uv/stream.h"

namespace hostbridge::uv {

/// A TCP socket, listening or connected.
class Tcp final : public Stream {
  public:
    using OnConnection = std::function<void(proto::Result<void>)>;

    /// A socket bound to a numeric address (IPv4, or IPv6 without brackets) that listens; port 0 asks the system
    /// for one. `on_connection` says that accept() will succeed.
    static proto::Result<std::unique_ptr<Tcp>> listen(uv_loop_t* loop, const std::string& address, std::uint16_t port,
                                                      OnConnection on_connection);

    /// The connection that on_connection announced, with TCP_NODELAY and SO_KEEPALIVE.
    proto::Result<std::unique_ptr<Tcp>> accept();

    [[nodiscard]] std::uint16_t local_port() const;

    /// "127.0.0.1:40123" or "[::1]:40123", for logs; empty if the peer is gone.
    [[nodiscard]] std::string peer() const;

  protected:
    [[nodiscard]] uv_stream_t* stream() const override { return reinterpret_cast<uv_stream_t*>(handle_.raw()); }

  private:
    explicit Tcp(Handle<uv_tcp_t, State> handle) : handle_(std::move(handle)) {}

    Handle<uv_tcp_t, State> handle_;
};

}  // namespace hostbridge::uv
