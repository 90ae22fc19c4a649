// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "hostbridge/uv/poll.h"
#include "hostbridge/uv/timer.h"
#include "interop/os/unique_fd.h"

namespace hostbridge {

/// Accepts connections on a listening socket of its own.
class SocketAcceptor {
  public:
    /// `accepted` gets sockets that are close-on-exec and non-blocking.
    SocketAcceptor(uv_loop_t* loop, interop::UniqueFd listening_socket,
                   std::function<void(interop::UniqueFd)> accepted);

    proto::Result<void> start();

  private:
    void accept_waiting();

    uv_loop_t* loop_;
    interop::UniqueFd socket_;
    std::function<void(interop::UniqueFd)> accepted_;
    std::unique_ptr<uv::Poll> poll_;  // destroyed before socket_
    uv::Timer retry_;
};

}  // namespace hostbridge
