// SPDX-License-Identifier: MIT
#include "hostbridge/transport/vsock_listener_posix.h"

#include <sys/socket.h>
// After sys/socket.h, which it needs and does not include.
#include <linux/vm_sockets.h>

#include <cerrno>

#include "hostbridge/transport/socket_acceptor_posix.h"
#include "hostbridge/transport/socket_connection_posix.h"
#include "proto/base/log.h"

namespace hostbridge {
namespace {

using interop::UniqueFd;

class VsockListener final : public Listener {
  public:
    VsockListener(uv_loop_t* loop, interop::Endpoint endpoint, OnConnection on_connection)
        : loop_(loop), endpoint_(std::move(endpoint)), on_connection_(std::move(on_connection)) {}

    proto::Result<void> listen() {
        const std::string doing = "listen on " + to_string(endpoint_);
        UniqueFd socket(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket) return proto::errno_error(errno, doing);
        sockaddr_vm address{};
        address.svm_family = AF_VSOCK;
        address.svm_cid = endpoint_.cid == interop::Endpoint::any_cid ? VMADDR_CID_ANY : endpoint_.cid;
        address.svm_port = endpoint_.port == 0 ? VMADDR_PORT_ANY : endpoint_.port;
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(socket.get(), generic, length) < 0 || ::listen(socket.get(), SOMAXCONN) < 0 ||
            ::getsockname(socket.get(), generic, &length) < 0) {
            return proto::errno_error(errno, doing);
        }
        endpoint_.port = address.svm_port;
        acceptor_ = std::make_unique<SocketAcceptor>(loop_, std::move(socket),
                                                     [this](UniqueFd connection) { accepted(std::move(connection)); });
        return acceptor_->start();
    }

    [[nodiscard]] std::string endpoint() const override { return to_string(endpoint_); }

  private:
    void accepted(UniqueFd socket) {
        sockaddr_vm address{};
        socklen_t length = sizeof address;
        if (::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) < 0) {
            return proto::warn(proto::errno_error(errno, "ask who connected").message());
        }
        Peer peer;
        peer.transport = Peer::Transport::vsock;
        peer.context_id = address.svm_cid;
        peer.port = address.svm_port;
        on_connection_(std::make_unique<SocketConnection>(loop_, std::move(socket)), peer);
    }

    uv_loop_t* loop_;
    interop::Endpoint endpoint_;
    OnConnection on_connection_;
    std::unique_ptr<SocketAcceptor> acceptor_;
};

}  // namespace

proto::Result<std::unique_ptr<Listener>> make_vsock_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                             OnConnection on_connection) {
    auto listener = std::make_unique<VsockListener>(loop, endpoint, std::move(on_connection));
    if (auto listening = listener->listen(); !listening) return listening.error();
    return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace hostbridge
