// SPDX-License-Identifier: MIT
#include "proto/wire/liveness.h"

#include <algorithm>

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

}  // namespace proto
