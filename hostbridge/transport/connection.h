// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hostbridge/peer.h"
#include "hostbridge/uv/descriptor.h"
#include "proto/base/result.h"

namespace hostbridge {

/// Descriptors that came with bytes over a unix socket; always empty elsewhere.
using PassedDescriptors = std::vector<uv::Descriptor>;

/// What a Connection tells its owner, who may destroy the connection only after the call has returned.
class ConnectionOwner {
  public:
    /// Where received bytes go; not empty.
    virtual std::span<char> receive_buffer() = 0;
    /// `size` bytes are in the buffer; `descriptors` came no earlier than the first and no later than the last of them.
    virtual void received(std::size_t size, PassedDescriptors descriptors) = 0;
    /// The peer will send nothing more; no received() follows.
    virtual void peer_ended() = 0;
    /// All that was given to send() has gone to the system: there may be more.
    virtual void send_queue_empty() = 0;
    /// The connection is broken; nothing follows.
    virtual void failed(const proto::Error& error) = 0;

  protected:
    ~ConnectionOwner() = default;
};

/// One accepted connection: bytes and perhaps descriptors in, bytes out. Destroying it closes it.
class Connection {
  public:
    virtual ~Connection() = default;

    /// Starts to receive. `owner` is borrowed and outlives the connection.
    virtual void start(ConnectionOwner& owner) = 0;

    /// Sends what the system takes without waiting and keeps the rest, after which `bytes` is empty. While a rest is kept
    /// nothing is taken and `bytes` stays as it is, until send_queue_empty().
    virtual void send(std::string& bytes) = 0;

    /// Bytes kept by send().
    [[nodiscard]] virtual std::size_t unsent() const = 0;

    /// Ends our sending direction; nothing may be unsent.
    virtual void shut_down() = 0;
};

/// Accepts connections until it is destroyed.
class Listener {
  public:
    virtual ~Listener() = default;

    /// The endpoint with the port that the system chose, as a client writes it.
    [[nodiscard]] virtual std::string endpoint() const = 0;
};

}  // namespace hostbridge
