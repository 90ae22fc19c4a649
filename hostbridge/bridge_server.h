// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "hostbridge/policy.h"
#include "hostbridge/session.h"
#include "hostbridge/transport/listener.h"

namespace hostbridge {

/// The listeners, the sessions and their limits.
class BridgeServer {
  public:
    struct Settings {
        AdmissionPolicy policy;
        std::size_t max_sessions = 0;  ///< Of clients that had the right to one.
    };

    /// `services` is borrowed. `on_stopped` is called once, when shut_down() is complete.
    BridgeServer(SessionServices& services, Settings settings, std::function<void()> on_stopped);
    ~BridgeServer();
    BridgeServer(const BridgeServer&) = delete;
    BridgeServer& operator=(const BridgeServer&) = delete;

    /// Listens on one more endpoint and returns it with the port that the system chose.
    proto::Result<std::string> listen(const interop::Endpoint& endpoint);

    /// Stops to listen, refuses who has not launched yet, and gives running programs a grace period; the second call
    /// ends it.
    void shut_down();

  private:
    void accept(std::unique_ptr<Connection> connection, const Peer& peer);
    void admit(Session& session);
    void add_stranger(Session& session);
    void finished(Session& session);
    void bury();
    void abort_all();

    SessionServices& services_;
    Settings settings_;
    std::function<void()> on_stopped_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
    std::deque<Session*> strangers_;                  ///< Those of sessions_ with no right to one, the oldest first.
    std::vector<std::shared_ptr<Session>> finished_;  ///< Destroyed on the next turn: they are still on the stack.
    uv::Timer bury_;
    uv::Timer grace_;
    bool stopping_ = false;
};

}  // namespace hostbridge
