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
    Session::Events events{.authenticated = {}, .finished = [this](Session& ended) { finished(ended); }};
    if (needs_key) events.authenticated = [this](Session& known) { admit(known); };
    auto session = std::make_shared<Session>(services_, std::move(connection), peer,
                                             needs_key ? Session::KeyPolicy::required : Session::KeyPolicy::none,
                                             *nonce, std::move(events));
    Session& accepted = *session;
    sessions_.emplace(&accepted, std::move(session));
    // Until then nobody knows whether it may take a session from anybody.
    if (unwelcome || needs_key) add_stranger(accepted);
    accepted.start();
    if (unwelcome) {
        proto::warn(to_string(peer) + " refused: " + *unwelcome);
        accepted.refuse(mzinit::v1::REFUSAL_NOT_AUTHORIZED, *unwelcome);
    } else if (stopping_) {
        accepted.refuse(mzinit::v1::REFUSAL_SHUTTING_DOWN, "the agent is shutting down");
    } else if (!needs_key) {
        admit(accepted);
    }
}

void BridgeServer::admit(Session& session) {
    std::erase(strangers_, &session);
    if (sessions_.size() - strangers_.size() <= settings_.max_sessions) return;
    proto::warn(to_string(session.peer()) + " refused: too many sessions");
    session.refuse(mzinit::v1::REFUSAL_TOO_MANY_SESSIONS, "the agent has too many sessions");
    if (sessions_.contains(&session)) add_stranger(session);
}

void BridgeServer::add_stranger(Session& session) {
    if (strangers_.size() >= limits::strangers) {
        Session& oldest = *strangers_.front();
        proto::info(to_string(oldest.peer()) + " dropped: too many connections that were not admitted");
        oldest.abort("dropped");
    }
    strangers_.push_back(&session);
}

void BridgeServer::finished(Session& session) {
    const auto found = sessions_.find(&session);
    CHECK(found != sessions_.end());
    finished_.push_back(std::move(found->second));
    sessions_.erase(found);
    std::erase(strangers_, &session);
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
