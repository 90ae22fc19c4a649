// SPDX-License-Identifier: MIT
#include "interop/session/host_request.h"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

namespace interop {
namespace {

using Clock = std::chrono::steady_clock;

proto::Result<void> wait_for(int fd, short events, Clock::time_point deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return proto::stated_error("the agent does not answer the request");
        pollfd waiting{fd, events, 0};
        const int ready = poll(&waiting, 1, static_cast<int>(left));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return proto::errno_error(errno, "wait for the agent");
    }
}

}  // namespace

proto::Result<proto::ClientEvent> await_answer(HostConnection& host, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    proto::ClientProtocol& protocol = *host.protocol;
    while (true) {
        std::string& output = protocol.output();
        if (!output.empty()) {
            const auto sent = send_with_descriptors(host.socket.get(), output, {});
            if (sent) output.erase(0, *sent);
            if (!sent && sent.error().code != std::errc::resource_unavailable_try_again) return sent.error();
        }
        auto event = protocol.receive();
        if (!event) return event.error();
        if (event->has_value()) {
            if (!std::holds_alternative<proto::client_event::Progressed>(**event)) return std::move(**event);
            continue;
        }
        const auto events = static_cast<short>(POLLIN | (output.empty() ? 0 : POLLOUT));
        if (auto waited = wait_for(host.socket.get(), events, deadline); !waited) return waited.error();
        const auto space = protocol.decoder().prepare(std::size_t{4} << 10);
        const ssize_t count = recv(host.socket.get(), space.data(), space.size(), MSG_DONTWAIT);
        if (count == 0) return proto::errno_error(ECONNRESET, "read from the agent");
        if (count < 0 && errno != EINTR && errno != EAGAIN) return proto::errno_error(errno, "read from the agent");
        if (count > 0) protocol.decoder().commit(static_cast<std::size_t>(count));
    }
}

}  // namespace interop
