// SPDX-License-Identifier: MIT
#include "hostbridge/bridge_server.h"

#include "hostbridge/agent_limits.h"
#include "hostbridge/random.h"
#include "proto/base/log.h"

namespace hostbridge {

BridgeServer::BridgeServer(SessionServices& services, Settings settings, std::function<void()> on_stopped)
    : services_(services),
      settings_(std::move(settings)),
      on_stopped_(std::move(on_stopped)),
      bury_(services.loop, [this] { bury(); }),
      grace_(services.loop, [this] { abort_all(); }) {}

BridgeServer::~BridgeServer() = default;

proto::Result<std::string> BridgeServer::listen(const interop::Endpoint& endpoint) {
    auto listener = make_listener(
        services_.loop, endpoint,
        [this](std::unique_ptr<Connection> connection, const Peer& peer) { accept(std::move(connection), peer); });
    if (!listener) return listener.error();
    listeners_.push_back(std::move(*listener));
    return listeners_.back()->endpoint();
}

void BridgeServer::accept(std::unique_ptr<Connection> connection, const Peer& peer) {
    const auto nonce = random_nonce();
    if (!nonce) return proto::warn(nonce.error().message());
    const auto unwelcome = settings_.policy.refusal(peer);
    const bool needs_key = !unwelcome && settings_.policy.needs_key(peer);
    auto session = std::make_shared<Session>(services_, std::move(connection), peer,
                                             needs_key ? Session::KeyPolicy::required : Session::KeyPolicy::none,
                                             *nonce, [this](Session& ended) { finished(ended); });
    Session& accepted = *session;
    sessions_.emplace(&accepted, std::move(session));
    accepted.start();
    if (unwelcome) {
        proto::warn(to_string(peer) + " refused: " + *unwelcome);
        accepted.refuse(mzinit::v1::REFUSAL_NOT_AUTHORIZED, *unwelcome);
    } else if (stopping_) {
        accepted.refuse(mzinit::v1::REFUSAL_SHUTTING_DOWN, "the agent is shutting down");
    } else if (sessions_.size() > settings_.max_sessions) {
        proto::warn(to_string(peer) + " refused: too many sessions");
        accepted.refuse(mzinit::v1::REFUSAL_TOO_MANY_SESSIONS, "the agent has too many sessions");
    }
}

void BridgeServer::finished(Session& session) {
    const auto found = sessions_.find(&session);
    CHECK(found != sessions_.end());
    finished_.push_back(std::move(found->second));
    sessions_.erase(found);
    bury_.start(std::chrono::milliseconds(0));
}

void BridgeServer::bury() {
    finished_.clear();
    if (stopping_ && sessions_.empty() && on_stopped_) std::exchange(on_stopped_, nullptr)();
}

void BridgeServer::abort_all() {
    auto sessions = sessions_;  // abort() changes the original
    for (auto& [raw, session] : sessions) session->abort("aborted by shutdown");
    bury_.start(std::chrono::milliseconds(0));
}

void BridgeServer::shut_down() {
    if (std::exchange(stopping_, true)) return abort_all();
    listeners_.clear();
    grace_.start(limits::shutdown_grace);
    auto sessions = sessions_;
    for (auto& [raw, session] : sessions) {
        if (!session->has_launch()) session->refuse(mzinit::v1::REFUSAL_SHUTTING_DOWN, "the agent is shutting down");
    }
    bury_.start(std::chrono::milliseconds(0));
}

}  // namespace hostbridge
