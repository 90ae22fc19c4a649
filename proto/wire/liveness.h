// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "proto/base/result.h"

namespace proto {

/// When to send a Ping and when to call a peer lost: PROTOCOL.md, section 7. The clock is the caller's.
class Liveness {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    enum class Verdict { alive, send_ping, lost };

    explicit Liveness(TimePoint now) : last_heard_(now), last_ping_(now) {}

    /// Anything at all was received.
    void heard(TimePoint now) { last_heard_ = now; }

    /// To be asked at next_check() or later; each silent ping interval yields one send_ping.
    Verdict check(TimePoint now);

    /// When check() may next say something other than alive.
    [[nodiscard]] TimePoint next_check() const;

  private:
    TimePoint last_heard_;
    TimePoint last_ping_;
};

/// Appends the Pong for a Ping to `output`, where `credit` bytes may wait that the peer has granted. Nobody can make
/// us queue without end by asking and never reading: past max_control_length more than that, it is a PeerFault.
Result<void> append_pong(std::string& output, std::uint64_t token, std::uint64_t credit);

}  // namespace proto
