// SPDX-License-Identifier: MIT
#include "hostbridge/transport/socket_connection_posix.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "proto/wire/limits.h"

namespace hostbridge {
namespace {

// One connection must not keep the loop from the others.
constexpr int reads_per_turn = 8;
// Far more than a socket holds: only a peer that is not gone after all could send so much.
constexpr std::size_t max_last_turns = 1024;

// Room for one descriptor more than Launch may have, so that too many are seen rather than cut off.
constexpr std::size_t control_space = CMSG_SPACE(sizeof(int) * (proto::limits::max_passed_descriptors + 1));

// Takes over whatever came, also when it is going to be refused.
PassedDescriptors take_descriptors(msghdr& message) {
    PassedDescriptors descriptors;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            descriptors.emplace_back(fd);
        }
    }
    return descriptors;
}

}  // namespace

void SocketConnection::start(ConnectionOwner& owner) {
    owner_ = &owner;
    auto poll = uv::Poll::make(loop_, socket_.get(), [this](const proto::Result<int>& events) { on_events(events); });
    if (!poll) return owner_->failed(poll.error());
    poll_ = std::move(*poll);
    watch();
}

void SocketConnection::watch() {
    if (poll_) poll_->watch((ended_ ? 0 : UV_READABLE) | (unsent() > 0 && !broken_ ? UV_WRITABLE : 0));
}

void SocketConnection::on_events(const proto::Result<int>& events) {
    if (!events) return receive_last_words();
    if ((*events & UV_WRITABLE) != 0) send_kept();
    if ((*events & UV_READABLE) != 0) receive();
    watch();
}

// libuv has stopped to watch and names no reason (EBADF for any POLLERR). What came before the error can still be read.
void SocketConnection::receive_last_words() {
    broken_ = true;
    poll_.reset();
    for (std::size_t turn = 0; turn < max_last_turns && !ended_; ++turn) receive();
    if (ended_) return;
    ended_ = true;
    int number = 0;
    socklen_t size = sizeof number;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
    owner_->failed(proto::errno_error(number != 0 ? number : ECONNRESET, "read from the client"));
}

void SocketConnection::receive() {
    for (int i = 0; i < reads_per_turn && !ended_; ++i) {
        const auto buffer = owner_->receive_buffer();
        iovec where{buffer.data(), buffer.size()};
        alignas(cmsghdr) std::array<char, control_space> control{};
        msghdr message{};
        message.msg_iov = &where;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (size < 0) {
            const int number = errno;
            ended_ = broken_ = true;
            return owner_->failed(proto::errno_error(number, "read from the client"));
        }
        auto descriptors = take_descriptors(message);
        if ((message.msg_flags & MSG_CTRUNC) != 0) {
            ended_ = true;
            return owner_->failed(proto::peer_error(proto::PeerFault::descriptor_mismatch, "receive descriptors"));
        }
        if (size == 0) {
            ended_ = true;
            return owner_->peer_ended();
        }
        owner_->received(static_cast<std::size_t>(size), std::move(descriptors));
        // A short read emptied the socket: save the call that would say so.
        if (static_cast<std::size_t>(size) < buffer.size()) return;
    }
}

std::size_t SocketConnection::send_now(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t size =
            ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) {
            // Reading finds the same out and may find the peer's last words before it: let that report it.
            if (errno != EAGAIN && errno != EWOULDBLOCK) broken_ = true;
            break;
        }
        sent += static_cast<std::size_t>(size);
    }
    return broken_ ? bytes.size() : sent;
}

void SocketConnection::send(std::string& bytes) {
    if (unsent() > 0) return;
    kept_sent_ = broken_ ? bytes.size() : send_now(bytes);
    if (kept_sent_ < bytes.size()) {
        kept_.swap(bytes);
        watch();
    } else {
        kept_.clear();
        kept_sent_ = 0;
    }
    bytes.clear();
}

void SocketConnection::send_kept() {
    kept_sent_ += send_now(std::string_view(kept_).substr(kept_sent_));
    if (unsent() > 0) return;
    kept_.clear();
    kept_sent_ = 0;
    owner_->send_queue_empty();
}

void SocketConnection::shut_down() { ::shutdown(socket_.get(), SHUT_WR); }

}  // namespace hostbridge
