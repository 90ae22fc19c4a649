// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "hostbridge/process_launcher.h"
#include "hostbridge/uv/timer.h"
#include "proto/wire/agent_protocol.h"

namespace hostbridge {

/// Carries a client's standard input to a program and says how much of it the program has really read. What
/// waits for the program is bounded by the credit that the protocol granted; its memory by twice that and one write.
class StdinRelay {
  public:
    /// `process` and `protocol` are borrowed; `send` is called whenever `protocol` has something to send.
    StdinRelay(uv_loop_t* loop, std::unique_ptr<uv::Pipe> pipe, Process& process, proto::AgentProtocol& protocol,
               std::function<void()> send);

    void deliver(std::string_view bytes);

    /// The client has no more.
    void end();

    /// Closes the pipe at once, whatever still waits to be written.
    void abandon();

    /// The program has ended: writes nothing more and calls `done` with how many bytes it read in all. `done` is not
    /// called any more when the relay is gone.
    void count_after_exit(std::function<void(std::uint64_t consumed)> done);

    /// Writes nothing more and asks and says nothing more. May be called from inside `send`.
    void stop();

  private:
    [[nodiscard]] std::string_view queued() const { return std::string_view(queue_).substr(queue_begin_); }
    void drop(std::size_t count);
    void write_queued();
    void on_written(const proto::Result<void>& written);
    void account(std::size_t bytes);
    void reader_gone();
    void confirm();

    std::unique_ptr<uv::Pipe> pipe_;  // null once the input has ended
    Process& process_;
    proto::AgentProtocol& protocol_;
    std::function<void()> send_;
    uv::Timer confirm_timer_;
    std::chrono::milliseconds confirm_interval_;
    std::string queue_;
    std::size_t queue_begin_ = 0;
    std::size_t writing_ = 0;    ///< Bytes of the asynchronous write under way, or of the one that failed.
    std::uint64_t written_ = 0;  ///< Bytes that were written completely.
    std::uint64_t confirmed_ = 0;
    bool end_wanted_ = false;
    bool closed_ = false;                                     ///< Nothing is written any more.
    bool stopped_ = false;                                    ///< Nor is anything confirmed.
    std::shared_ptr<char> alive_ = std::make_shared<char>();  // for callbacks that may come after us
};

}  // namespace hostbridge
