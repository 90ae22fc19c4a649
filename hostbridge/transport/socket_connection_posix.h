// SPDX-License-Identifier: MIT
#pragma once

#include "hostbridge/transport/connection.h"
#include "hostbridge/uv/poll.h"
#include "interop/os/unique_fd.h"

namespace hostbridge {

/// A connection over a socket that libuv cannot carry for us: unix with passed descriptors (libuv refuses files
/// and terminals), and vsock.
class SocketConnection final : public Connection {
  public:
    SocketConnection(uv_loop_t* loop, interop::UniqueFd socket) : loop_(loop), socket_(std::move(socket)) {}

    void start(ConnectionOwner& owner) override;
    void send(std::string& bytes) override;
    [[nodiscard]] std::size_t unsent() const override { return kept_.size() - kept_sent_; }
    void shut_down() override;

  private:
    void on_events(const proto::Result<int>& events);
    void receive();
    void receive_last_words();
    void send_kept();
    std::size_t send_now(std::string_view bytes);
    void watch();

    uv_loop_t* loop_;
    interop::UniqueFd socket_;
    std::unique_ptr<uv::Poll> poll_;  // destroyed before socket_
    ConnectionOwner* owner_ = nullptr;
    std::string kept_;
    std::size_t kept_sent_ = 0;
    bool ended_ = false;   ///< Nothing more will be received.
    bool broken_ = false;  ///< Nothing more can be sent.
};

}  // namespace hostbridge
