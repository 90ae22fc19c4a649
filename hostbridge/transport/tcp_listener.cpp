// SPDX-License-Identifier: MIT
#include "hostbridge/transport/tcp_listener.h"

#include "hostbridge/uv/tcp.h"
#include "proto/base/log.h"

namespace hostbridge {
namespace {

class TcpConnection final : public Connection {
  public:
    explicit TcpConnection(std::unique_ptr<uv::Tcp> socket) : socket_(std::move(socket)) {}

    void start(ConnectionOwner& owner) override {
        owner_ = &owner;
        socket_->set_reader([this] { return owner_->receive_buffer(); },
                            [this](proto::Result<std::size_t> size) { on_read(size); });
        if (auto started = socket_->read_start(); !started) owner_->failed(started.error());
    }

    void send(std::string& bytes) override {
        if (broken_) bytes.clear();
        if (unsent_ > 0 || bytes.empty()) return;
        auto written = socket_->try_write(bytes);
        if (!written) {
            // Reading finds the same out and may find the peer's last words before it: let that report it.
            broken_ = true;
            bytes.clear();
            return;
        }
        if (*written < bytes.size()) {
            bytes.erase(0, *written);
            unsent_ = bytes.size();
            socket_->write(std::move(bytes), [this](const proto::Result<void>& sent) { on_sent(sent); });
        }
        bytes.clear();
    }

    [[nodiscard]] std::size_t unsent() const override { return unsent_; }

    void shut_down() override { socket_->shutdown({}); }

  private:
    void on_read(const proto::Result<std::size_t>& size) {
        if (!size) {
            owner_->failed(size.error());
        } else if (*size == 0) {
            owner_->peer_ended();
        } else {
            owner_->received(*size, {});
        }
    }

    void on_sent(const proto::Result<void>& sent) {
        unsent_ = 0;
        if (sent) {
            owner_->send_queue_empty();
        } else {
            broken_ = true;
            owner_->failed(sent.error());
        }
    }

    std::unique_ptr<uv::Tcp> socket_;
    ConnectionOwner* owner_ = nullptr;
    std::size_t unsent_ = 0;
    bool broken_ = false;
};

class TcpListener final : public Listener {
  public:
    explicit TcpListener(OnConnection on_connection) : on_connection_(std::move(on_connection)) {}

    proto::Result<void> listen(uv_loop_t* loop, interop::Endpoint endpoint) {
        auto socket = uv::Tcp::listen(loop, endpoint.address, static_cast<std::uint16_t>(endpoint.port),
                                      [this](const proto::Result<void>& ready) { accept(ready); });
        if (!socket) return socket.error();
        socket_ = std::move(*socket);
        endpoint_ = std::move(endpoint);
        endpoint_.port = socket_->local_port();
        return {};
    }

    [[nodiscard]] std::string endpoint() const override { return to_string(endpoint_); }

  private:
    void accept(const proto::Result<void>& ready) {
        if (!ready) return proto::warn(ready.error().message());
        auto socket = socket_->accept();
        if (!socket) return proto::warn(socket.error().message());
        Peer peer;
        peer.transport = Peer::Transport::tcp;
        peer.address = (*socket)->peer();
        on_connection_(std::make_unique<TcpConnection>(std::move(*socket)), peer);
    }

    OnConnection on_connection_;
    std::unique_ptr<uv::Tcp> socket_;
    interop::Endpoint endpoint_;
};

}  // namespace

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

proto::Result<std::unique_ptr<Listener>> make_tcp_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                           OnConnection on_connection) {
    if (!is_loopback(endpoint.address)) {
        return proto::errno_error(EADDRNOTAVAIL,
                                  "listen on " + to_string(endpoint) +
                                      " (tcp is not encrypted and for the loopback only: give 127.0.0.1 or "
                                      "[::1], and reach it by vsock, Hyper-V sockets or a tunnel)");
    }
    auto listener = std::make_unique<TcpListener>(std::move(on_connection));
    if (auto listening = listener->listen(loop, endpoint); !listening) return listening.error();
    return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace hostbridge
