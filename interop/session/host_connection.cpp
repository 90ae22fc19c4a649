// SPDX-License-Identifier: MIT
#include "interop/session/host_connection.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <linux/vm_sockets.h>

#include "interop/os/default_gateway.h"

namespace interop {
namespace {

using Clock = std::chrono::steady_clock;
using proto::Error;
using proto::Result;

constexpr std::size_t read_size = 64u << 10;

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

template <typename T>
Address address_of(const T& specific) {
    Address address;
    std::memcpy(&address.storage, &specific, sizeof specific);
    address.length = sizeof specific;
    return address;
}

Result<Address> resolve(const Endpoint& endpoint) {
    switch (endpoint.kind) {
        case Endpoint::Kind::unix_socket: {
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            endpoint.path.copy(address.sun_path, sizeof address.sun_path - 1);
            return address_of(address);
        }
        case Endpoint::Kind::vsock: {
            sockaddr_vm address{};
            address.svm_family = AF_VSOCK;
            address.svm_cid = endpoint.cid;
            address.svm_port = endpoint.port;
            return address_of(address);
        }
        case Endpoint::Kind::tcp: break;
    }
    std::string numeric = endpoint.address;
    if (numeric == "gateway") {
        auto gateway = find_default_gateway();
        if (!gateway) return gateway.error();
        numeric = std::move(*gateway);
    }
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(static_cast<std::uint16_t>(endpoint.port));
    if (inet_pton(AF_INET, numeric.c_str(), &ipv4.sin_addr) == 1) return address_of(ipv4);
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(static_cast<std::uint16_t>(endpoint.port));
    if (inet_pton(AF_INET6, numeric.c_str(), &ipv6.sin6_addr) == 1) return address_of(ipv6);
    return proto::errno_error(EINVAL, "read the address " + numeric);
}

/// Waits for `events` until `deadline`: ETIMEDOUT after it.
Result<void> wait_for(int fd, short events, Clock::time_point deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return proto::errno_error(ETIMEDOUT, "");
        pollfd entry{fd, events, 0};
        const int ready = poll(&entry, 1, static_cast<int>(left));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return proto::errno_error(errno, "");
    }
}

/// A unix socket whose backlog is full refuses a non-blocking connect() at once; a blocking one waits, within the
/// send time-out.
Result<void> connect_unix(int fd, const Address& address, Clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now());
    if (left.count() <= 0) return proto::errno_error(ETIMEDOUT, "");  // No time at all would mean to wait for ever.
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timeval limit{seconds.count(), (left - seconds).count()};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int failed = 0;
    do {
        failed = connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0) return proto::errno_error(errno == EAGAIN ? ETIMEDOUT : errno, "");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return proto::errno_error(errno, "");
    return {};
}

Result<void> connect_non_blocking(int fd, const Address& address, Clock::time_point deadline) {
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return proto::errno_error(errno, "");
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0) return {};
    if (errno != EINPROGRESS && errno != EINTR) return proto::errno_error(errno, "");
    if (auto waited = wait_for(fd, POLLOUT, deadline); !waited) return waited.error();
    int problem = 0;
    socklen_t length = sizeof problem;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length);
    if (problem != 0) return proto::errno_error(problem, "");
    return {};
}

/// A source port that only the guest's root can have tells the agent that it is the guest's root who asks. Without the right
/// to it the system chooses one.
void bind_privileged_port(int fd) {
    constexpr std::uint32_t highest = 1023;
    constexpr std::uint32_t lowest = 512;
    sockaddr_vm address{};
    address.svm_family = AF_VSOCK;
    address.svm_cid = VMADDR_CID_ANY;
    for (address.svm_port = highest; address.svm_port >= lowest; --address.svm_port) {
        if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno != EADDRINUSE) return;
    }
}

Result<UniqueFd> connect_to(const Endpoint& endpoint, Clock::time_point deadline) {
    auto address = resolve(endpoint);
    if (!address) return address.error();
    UniqueFd fd(socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return proto::errno_error(errno, "");
    const bool is_unix = endpoint.kind == Endpoint::Kind::unix_socket;
    if (endpoint.kind == Endpoint::Kind::vsock) bind_privileged_port(fd.get());
    auto connected =
        is_unix ? connect_unix(fd.get(), *address, deadline) : connect_non_blocking(fd.get(), *address, deadline);
    if (!connected) return connected.error();
    if (endpoint.kind == Endpoint::Kind::tcp) {
        const int on = 1;
        setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return fd;
}

Result<proto::Nonce> fresh_nonce() {
    proto::Nonce nonce;
    if (getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size())) {
        return proto::errno_error(errno, "get random bytes");
    }
    return nonce;
}

Result<void> send_pending(int fd, std::string& output) {
    while (!output.empty()) {
        const ssize_t count = send(fd, output.data(), output.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return {};
        if (count < 0) return proto::errno_error(errno, "");
        output.erase(0, static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> read_more(int fd, proto::FrameDecoder& decoder) {
    const auto space = decoder.prepare(read_size);
    const ssize_t count = recv(fd, space.data(), space.size(), 0);
    if (count < 0) return errno == EINTR || errno == EAGAIN ? Result<void>() : proto::errno_error(errno, "");
    if (count == 0) return proto::errno_error(ECONNRESET, "");
    decoder.commit(static_cast<std::size_t>(count));
    return {};
}

Result<void> shake_hands(int fd, proto::ClientProtocol& protocol, Clock::time_point greeting_deadline,
                         Clock::time_point proof_deadline) {
    while (true) {
        if (auto sent = send_pending(fd, protocol.output()); !sent) return sent;
        auto event = protocol.receive();
        if (!event) return event.error();
        if (event->has_value()) {
            // The agent has nothing to say before the request but Refused, which may have come with its Greeting.
            if (auto refused = protocol.receive(); !refused) return refused.error();
            return send_pending(fd, protocol.output());
        }
        const short events = static_cast<short>(POLLIN | (protocol.output().empty() ? 0 : POLLOUT));
        const bool greeted = protocol.greeted();
        if (auto waited = wait_for(fd, events, greeted ? proof_deadline : greeting_deadline); !waited) {
            return Error{waited.error().code, greeted ? "no proof from the agent" : "no greeting from an agent"};
        }
        if (auto received = read_more(fd, protocol.decoder()); !received) return received;
    }
}

}  // namespace

Result<HostConnection> open_host_connection(const Endpoint& endpoint, const std::optional<proto::Key>& key,
                                            const HandshakePatience& patience) {
    const auto deadline = Clock::now() + patience.greeting;
    auto nonce = fresh_nonce();
    if (!nonce) return nonce.error();
    const bool is_unix = endpoint.kind == Endpoint::Kind::unix_socket;
    const bool is_tcp = endpoint.kind == Endpoint::Kind::tcp;
    const proto::GreetingOptions options{
        .capabilities = proto::capability::raw_command_tail | proto::capability::host_names |
                        proto::capability::uploads | proto::capability::reports | proto::capability::path_lists |
                        proto::capability::requested_uploads |
                        (is_unix && !relaying_is_forced() ? proto::capability::descriptor_passing : 0),
        .nonce = *nonce,
        .software = "mzinit " MZINIT_VERSION,
    };
    if (is_tcp && !key) return proto::errno_error(ENOKEY, "");
    auto fd = connect_to(endpoint, deadline);
    if (!fd) return fd.error();
    HostConnection connection;
    connection.socket = std::move(*fd);
    connection.protocol = std::make_unique<proto::ClientProtocol>(
        options, key,
        is_tcp ? proto::ClientHandshake::KeyPolicy::required : proto::ClientHandshake::KeyPolicy::if_asked);
    const auto proof_deadline = deadline + patience.proof;
    if (auto shaken = shake_hands(connection.socket.get(), *connection.protocol, deadline, proof_deadline); !shaken)
        return shaken.error();
    connection.passes_descriptors =
        is_unix && (connection.protocol->agreement().capabilities & proto::capability::descriptor_passing) != 0;
    return connection;
}

Result<std::size_t> send_with_descriptors(int socket, std::string_view bytes, std::span<const int> descriptors) {
    CHECK(descriptors.size() <= proto::limits::max_passed_descriptors);
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * proto::limits::max_passed_descriptors)] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    while (true) {
        const ssize_t count = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return proto::errno_error(errno, "send to the agent");
    }
}

bool relaying_is_forced() {
    const char* value = std::getenv("MZINIT_RELAY");
    return value != nullptr && *value != '\0' && *value != '0';
}

}  // namespace interop
