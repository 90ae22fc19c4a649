// SPDX-License-Identifier: MIT
#include "hostbridge/transport/unix_listener_posix.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hostbridge/transport/socket_acceptor_posix.h"
#include "hostbridge/transport/socket_connection_posix.h"
#include "proto/base/log.h"

namespace hostbridge {
namespace {

using interop::UniqueFd;

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    CHECK(path.size() < sizeof address.sun_path);  // parse_endpoint has refused longer ones
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

UniqueFd make_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

bool is_stale(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0 || !S_ISSOCK(status.st_mode)) return false;
    const UniqueFd probe = make_socket();
    const sockaddr_un address = address_of(path);
    return probe && ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 &&
           errno == ECONNREFUSED;
}

int bind_private(int socket, const std::string& path) {
    const sockaddr_un address = address_of(path);
    const mode_t old_mask = ::umask(0177);
    const int result = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ? errno : 0;
    ::umask(old_mask);
    return result;
}

class UnixListener final : public Listener {
  public:
    UnixListener(uv_loop_t* loop, interop::Endpoint endpoint, OnConnection on_connection)
        : loop_(loop), endpoint_(std::move(endpoint)), on_connection_(std::move(on_connection)) {}

    ~UnixListener() override {
        // Only our own file: another agent may have replaced it.
        struct stat status {};
        if (inode_ != 0 && ::lstat(endpoint_.path.c_str(), &status) == 0 && status.st_ino == inode_) {
            ::unlink(endpoint_.path.c_str());
        }
    }

    proto::Result<void> listen() {
        const std::string doing = "listen on " + to_string(endpoint_);
        UniqueFd socket = make_socket();
        if (!socket) return proto::errno_error(errno, doing);
        int failure = bind_private(socket.get(), endpoint_.path);
        if (failure == EADDRINUSE && is_stale(endpoint_.path)) {
            ::unlink(endpoint_.path.c_str());
            failure = bind_private(socket.get(), endpoint_.path);
        }
        if (failure != 0) return proto::errno_error(failure, doing);
        struct stat status {};
        if (::lstat(endpoint_.path.c_str(), &status) == 0) inode_ = status.st_ino;
        if (::listen(socket.get(), SOMAXCONN) < 0) return proto::errno_error(errno, doing);
        acceptor_ = std::make_unique<SocketAcceptor>(loop_, std::move(socket),
                                                     [this](UniqueFd connection) { accepted(std::move(connection)); });
        return acceptor_->start();
    }

    [[nodiscard]] std::string endpoint() const override { return to_string(endpoint_); }

  private:
    void accepted(UniqueFd socket) {
        ucred credentials{};
        socklen_t length = sizeof credentials;
        if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) {
            return proto::warn(proto::errno_error(errno, "ask who connected").message());
        }
        Peer peer;
        peer.transport = Peer::Transport::unix_socket;
        peer.user_id = credentials.uid;
        peer.group_id = credentials.gid;
        peer.process_id = static_cast<std::uint32_t>(credentials.pid);
        on_connection_(std::make_unique<SocketConnection>(loop_, std::move(socket)), peer);
    }

    uv_loop_t* loop_;
    interop::Endpoint endpoint_;
    OnConnection on_connection_;
    std::unique_ptr<SocketAcceptor> acceptor_;
    ino_t inode_ = 0;
};

}  // namespace

proto::Result<std::unique_ptr<Listener>> make_unix_listener(uv_loop_t* loop, const interop::Endpoint& endpoint,
                                                            OnConnection on_connection) {
    auto listener = std::make_unique<UnixListener>(loop, endpoint, std::move(on_connection));
    if (auto listening = listener->listen(); !listening) return listening.error();
    return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace hostbridge
