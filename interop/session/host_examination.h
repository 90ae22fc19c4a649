// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "interop/session/host_dialing.h"
#include "launch.pb.h"

namespace interop {

/// How the agent was convinced of who we are.
enum class HostProof {
    none,      ///< It wants none: it goes by the context id of the machine.
    identity,  ///< The kernel tells it our user (SO_PEERCRED).
    key,
    ticket,  ///< From the broker.
};

/// What became of asking one endpoint.
struct HostExamination {
    Endpoint endpoint;
    std::optional<proto::Error> failure;  ///< Why there was no answer. The rest means nothing then.
    mzinit::v1::Info info;
    std::uint32_t version = 0;  ///< Of the protocol.
    HostProof proof = HostProof::none;
    std::string proof_name;                  ///< Of the key, or the ticket's key.
    std::chrono::microseconds round_trip{};  ///< From InfoRequest to Info: the shortest of up to three.
};

/// Connects, asks the agent for its Info, and does so again, all within a second; what the broker takes for a ticket is not
/// counted.
HostExamination examine_host(const Endpoint& endpoint, ClientCredentials& credentials);

}  // namespace interop
