// SPDX-License-Identifier: MIT
#include "proto/wire/liveness.h"

#include <algorithm>

#include "control.pb.h"
#include "proto/wire/frame_codec.h"
#include "proto/wire/limits.h"

namespace proto {

Liveness::Verdict Liveness::check(TimePoint now) {
    if (now - last_heard_ >= limits::lost_after) return Verdict::lost;
    if (now - std::max(last_heard_, last_ping_) >= limits::ping_after) {
        last_ping_ = now;
        return Verdict::send_ping;
    }
    return Verdict::alive;
}

Liveness::TimePoint Liveness::next_check() const {
    return std::min(std::max(last_heard_, last_ping_) + limits::ping_after, last_heard_ + limits::lost_after);
}

Result<void> append_pong(std::string& output, std::uint64_t token, std::uint64_t credit) {
    if (output.size() > limits::max_control_length + credit) return peer_error(PeerFault::flooding, "answer a Ping");
    mzinit::v1::ControlMessage pong;
    pong.mutable_pong()->set_token(token);
    const bool fits = append_control(output, pong);
    CHECK(fits);
    return {};
}

}  // namespace proto
