// SPDX-License-Identifier: MIT
#include "init/broker_reply.h"

#include <sys/random.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "broker.pb.h"
#include "proto/wire/limits.h"

namespace init {
namespace {

struct Caller {
    proto::GuestUser user;
    std::vector<std::uint32_t> groups;  // the user's own among them
};

/// Who connected, at the time of connect(): the kernel says it, in terms of our own user namespace.
proto::Result<Caller> identify_caller(int socket) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
        return proto::errno_error(errno, "ask who connected");
    }
    Caller caller{{credentials.uid, credentials.gid}, {}};
    length = 0;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, nullptr, &length) != 0 && errno == ERANGE) {
        caller.groups.resize(length / sizeof(gid_t));
        if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, caller.groups.data(), &length) != 0) caller.groups.clear();
    }
    caller.groups.push_back(credentials.gid);
    return caller;
}

proto::Result<proto::Key> make_ticket(const proto::Key& key, const proto::GuestUser& user) {
    proto::TicketNonce nonce{};
    // So few bytes come whole, and once there is entropy at all it waits for nothing.
    if (::getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size())) {
        return proto::errno_error(errno, "make a ticket");
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return proto::issue_ticket(key, user, now, nonce);
}

std::string refused(std::string sentence) {
    mzinit::v1::BrokerReply reply;
    reply.set_refusal(std::move(sentence));
    return reply.SerializeAsString();
}

}  // namespace

proto::Result<BrokerReplies> BrokerReplies::make(proto::Key key, const interop::Configuration& configuration) {
    // Made for nobody, to see that it can be.
    if (const auto ticket = make_ticket(key, {}); !ticket) return ticket.error();
    BrokerReplies replies(std::move(key), configuration.broker_policy);
    if (configuration.names_endpoints) {
        for (const auto& endpoint : configuration.endpoints) replies.endpoints_.push_back(interop::to_string(endpoint));
    }
    if (replies.ticket_for({~0U - 1, ~0U - 1}).size() > proto::limits::max_broker_reply_length) {
        return proto::stated_error("there are too many endpoints in the configuration");
    }
    return replies;
}

std::string BrokerReplies::for_caller(int socket) const {
    const auto caller = identify_caller(socket);
    if (!caller) return refused("the broker: " + caller.error().message());
    if (auto refusal = policy_.refusal(caller->user.user_id, caller->groups)) return refused(std::move(*refusal));
    return ticket_for(caller->user);
}

std::string BrokerReplies::ticket_for(const proto::GuestUser& user) const {
    const auto ticket = make_ticket(key_, user);
    if (!ticket) return refused("the broker: " + ticket.error().message());
    mzinit::v1::BrokerReply reply;
    reply.set_ticket_id(ticket->id);
    reply.set_ticket_key(ticket->secret.data(), ticket->secret.size());
    for (const std::string& endpoint : endpoints_) reply.add_endpoints(endpoint);
    return reply.SerializeAsString();
}

}  // namespace init
