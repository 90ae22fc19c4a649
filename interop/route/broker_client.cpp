// SPDX-License-Identifier: MIT
#include "interop/route/broker_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "broker.pb.h"
#include "interop/os/unique_fd.h"
#include "proto/wire/limits.h"
#include "proto/wire/ticket.h"

namespace interop {
namespace {

using Clock = std::chrono::steady_clock;
using Packet = std::array<char, proto::limits::max_broker_reply_length + 1>;

proto::Result<UniqueFd> connect_to(const std::string& path) {
    const std::string doing = "connect to the broker at " + path;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return proto::errno_error(ENAMETOOLONG, doing);
    path.copy(address.sun_path, path.size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket) return proto::errno_error(errno, doing);
    // Only connect() waits by it: as long as the broker's queue of callers is full.
    const timeval limit{std::chrono::floor<std::chrono::seconds>(proto::limits::broker_deadline).count(), 0};
    (void)setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    while (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno != EINTR) return proto::errno_error(errno == EAGAIN ? ETIMEDOUT : errno, doing);
    }
    return socket;
}

/// The length of the packet that came; the whole of it is in `packet` unless it is too long.
proto::Result<std::size_t> receive(int socket, Packet& packet, Clock::time_point deadline) {
    constexpr const char* doing = "hear from the broker";
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd waiting{socket, POLLIN, 0};
        const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready == 0) return proto::errno_error(ETIMEDOUT, doing);
        if (ready < 0 && errno != EINTR) return proto::errno_error(errno, doing);
        if (ready < 0) continue;
        const ssize_t length = recv(socket, packet.data(), packet.size(), MSG_DONTWAIT);
        if (length == 0) return proto::errno_error(ECONNRESET, doing);
        if (length > 0) return static_cast<std::size_t>(length);
        if (errno != EINTR && errno != EAGAIN) return proto::errno_error(errno, doing);
    }
}

proto::Result<BrokerGrant> understand(std::string_view packet) {
    const auto nonsense = [] {
        return proto::peer_error(proto::PeerFault::malformed_message, "understand the broker");
    };
    mzinit::v1::BrokerReply reply;
    if (packet.size() > proto::limits::max_broker_reply_length ||
        !reply.ParseFromArray(packet.data(), static_cast<int>(packet.size()))) {
        return nonsense();
    }
    if (!reply.refusal().empty()) return proto::stated_error(reply.refusal());
    BrokerGrant grant;
    if (!proto::parse_ticket(reply.ticket_id()) || reply.ticket_key().size() != grant.ticket.secret.size()) {
        return nonsense();
    }
    grant.ticket.id = reply.ticket_id();
    std::ranges::copy(reply.ticket_key(), grant.ticket.secret.begin());
    for (const std::string& text : reply.endpoints()) {
        auto endpoint = parse_endpoint(text);
        if (!endpoint) return nonsense();
        grant.endpoints.push_back(std::move(*endpoint));
    }
    return grant;
}

}  // namespace

proto::Result<BrokerGrant> ask_broker(const std::string& socket_path) {
    const auto deadline = Clock::now() + proto::limits::broker_deadline;
    auto socket = connect_to(socket_path);
    if (!socket) return socket.error();
    Packet packet{};
    const auto length = receive(socket->get(), packet, deadline);
    if (!length) return length.error();
    auto grant = understand({packet.data(), *length});
    explicit_bzero(packet.data(), *length);
    return grant;
}

}  // namespace interop
