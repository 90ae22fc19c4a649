// SPDX-License-Identifier: MIT
#include "interop/os/default_gateway.h"

#include <cerrno>
#include <cstdint>
#include <optional>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "interop/os/unique_fd.h"

namespace interop {
namespace {

constexpr const char* doing = "find the default gateway";

std::optional<std::string> gateway_of(const nlmsghdr* message) {
    if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(rtmsg))) return std::nullopt;
    const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(message));
    if (route->rtm_family != AF_INET || route->rtm_dst_len != 0 || route->rtm_table != RT_TABLE_MAIN)
        return std::nullopt;
    auto left = static_cast<int>(RTM_PAYLOAD(message));
    for (const rtattr* attribute = RTM_RTA(route); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type != RTA_GATEWAY || RTA_PAYLOAD(attribute) != sizeof(in_addr)) continue;
        char text[INET_ADDRSTRLEN];
        if (inet_ntop(AF_INET, RTA_DATA(attribute), text, sizeof text) != nullptr) return text;
    }
    return std::nullopt;
}

}  // namespace

proto::Result<std::string> find_default_gateway() {
    const UniqueFd socket_fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket_fd) return proto::errno_error(errno, doing);
    struct {
        nlmsghdr header;
        rtmsg route;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETROUTE;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.route.rtm_family = AF_INET;
    if (send(socket_fd.get(), &request, sizeof request, 0) < 0) return proto::errno_error(errno, doing);
    alignas(nlmsghdr) char buffer[16384];
    while (true) {
        const ssize_t count = recv(socket_fd.get(), buffer, sizeof buffer, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return proto::errno_error(count < 0 ? errno : EPROTO, doing);
        auto left = static_cast<unsigned>(count);
        for (auto* message = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
                return proto::errno_error(ENETUNREACH, doing);
            }
            if (auto gateway = gateway_of(message)) return std::move(*gateway);
        }
    }
}

}  // namespace interop
