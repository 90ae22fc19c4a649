// SPDX-License-Identifier: MIT
#include "hostbridge/transport/socket_acceptor_posix.h"

#include <sys/socket.h>

#include <cerrno>

#include "proto/base/log.h"

namespace hostbridge {
namespace {

using interop::UniqueFd;

// A flood of connections must not keep the loop from the sessions.
constexpr int accepts_per_turn = 64;
constexpr std::chrono::milliseconds pause_without_descriptors{100};

}  // namespace

SocketAcceptor::SocketAcceptor(uv_loop_t* loop, UniqueFd listening_socket, std::function<void(UniqueFd)> accepted)
    : loop_(loop),
      socket_(std::move(listening_socket)),
      accepted_(std::move(accepted)),
      retry_(loop, [this] { poll_->watch(UV_READABLE); }) {}

proto::Result<void> SocketAcceptor::start() {
    auto poll = uv::Poll::make(loop_, socket_.get(), [this](const proto::Result<int>& events) {
        if (!events) return proto::warn(events.error().message());
        accept_waiting();
    });
    if (!poll) return poll.error();
    poll_ = std::move(*poll);
    poll_->watch(UV_READABLE);
    return {};
}

void SocketAcceptor::accept_waiting() {
    for (int i = 0; i < accepts_per_turn; ++i) {
        UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket) {
            accepted_(std::move(socket));
            continue;
        }
        const int number = errno;
        if (number == EINTR || number == ECONNABORTED) continue;
        if (number == EAGAIN || number == EWOULDBLOCK) return;
        // Out of descriptors or memory: the socket stays readable, and asking again at once would only burn time.
        proto::warn(proto::errno_error(number, "accept a connection").message());
        poll_->watch(0);
        retry_.start(pause_without_descriptors);
        return;
    }
}

}  // namespace hostbridge
