// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "hostbridge/uv/pipe.h"
#include "proto/wire/agent_protocol.h"

namespace hostbridge {

/// Carries one output stream of a program to its client, as far as credit allows.
class OutputRelay {
  public:
    enum class Source { pipe, terminal };

    /// `protocol` is borrowed, and so is `scratch`, which all relays of the loop may share; `send` is called whenever
    /// `protocol` has something to send.
    OutputRelay(std::uint8_t stream, std::unique_ptr<uv::Pipe> pipe, Source source, proto::AgentProtocol& protocol,
                std::span<char> scratch, std::function<void()> send);

    /// Reads on or stops, as credit and `room` (whether the client's backlog allows more) demand.
    void update(bool room);

    /// Reads nothing more; the stream stays open and is not ended.
    void stop();

    /// Closes our end, so that the program's next write breaks, and ends the stream.
    void close();

    /// Ends the stream and hands over our end, which is still open. Not from inside a callback of its own.
    std::unique_ptr<uv::Pipe> give_up();

    [[nodiscard]] std::uint8_t stream() const { return stream_; }
    [[nodiscard]] bool ended() const { return pipe_ == nullptr; }

    /// Forgets what caught_up() knew: from now on it speaks of what the program wrote until now.
    void start_catching_up();

    /// Whether everything has been read that was in the pipe at start_catching_up(). To be asked at intervals:
    /// it is true if the pipe was found empty since, or was waited on in vain since the last time.
    bool caught_up();

  private:
    std::span<char> room_to_read();
    void on_read(const proto::Result<std::size_t>& size);
    void pause();

    std::uint8_t stream_;
    std::unique_ptr<uv::Pipe> pipe_;
    Source source_;
    proto::AgentProtocol& protocol_;
    std::span<char> scratch_;
    std::function<void()> send_;
    std::size_t asked_ = 0;
    bool reading_ = false;
    bool stopped_ = false;
    bool found_empty_ = false;
    std::size_t read_since_ = 0;  ///< Bytes, since start_catching_up().
    bool waited_in_vain_ = false;
};

}  // namespace hostbridge
