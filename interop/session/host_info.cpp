// SPDX-License-Identifier: MIT
#include "interop/session/host_info.h"

#include <cerrno>
#include <chrono>

#include <poll.h>
#include <sys/socket.h>

#include "interop/route/runner.h"
#include "interop/session/host_dialing.h"
#include "proto/wire/limits.h"

namespace interop {
namespace {

using Clock = std::chrono::steady_clock;

proto::Result<void> wait_for(int fd, short events, Clock::time_point deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return proto::stated_error("the agent says nothing of itself");
        pollfd waiting{fd, events, 0};
        const int ready = poll(&waiting, 1, static_cast<int>(left));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return proto::errno_error(errno, "wait for the agent");
    }
}

proto::Result<mzinit::v1::Info> ask(HostConnection& host) {
    const auto deadline = Clock::now() + proto::limits::greeting_deadline;
    proto::ClientProtocol& protocol = *host.protocol;
    protocol.send_info_request();
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
            if (auto* received = std::get_if<proto::client_event::InfoReceived>(&**event)) {
                return std::move(received->info);
            }
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

const mzinit::v1::Runner* find_runner(const mzinit::v1::Info& info, std::string_view kind) {
    for (const auto& runner : info.runners()) {
        if (runner.kind() == kind) return &runner;
    }
    return nullptr;
}

}  // namespace

proto::Result<HostInfo> ask_host(const Configuration& configuration) {
    auto host = dial_host(configuration);
    if (!host) return host.error();
    auto info = ask(host->connection);
    if (!info) return proto::stated_error(to_string(host->endpoint) + ": " + info.error().message());
    return HostInfo{std::move(host->endpoint), std::move(*info)};
}

HostOffer offer_for(const ImageDescription& image, const mzinit::v1::Info& info) {
    const std::string_view kind = runner_kind(image);
    if (info.system() == "windows") {
        const bool is_old = kind == "dos" || kind == "win16";
        return {!is_old, is_old ? "64-bit Windows runs none of those" : "Windows decides when it is asked to"};
    }
    const mzinit::v1::Runner* runner = find_runner(info, kind);
    if (runner == nullptr && kind == "dotnet") runner = find_runner(info, image.bits == 64 ? "pe64" : "pe32");
    if (runner == nullptr) return {false, "it has no runner for those"};
    return {true, "it runs them by \"" + runner->command() + "\""};
}

}  // namespace interop
