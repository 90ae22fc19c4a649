// SPDX-License-Identifier: MIT
#include "init/restore_limit.h"

#include <utility>

namespace init {

RestoreLimit::Verdict RestoreLimit::rule_lost(Time now) noexcept {
    if (count_ == most && now < next_chance()) {
        return std::exchange(is_waiting_, true) ? Verdict::go_on_waiting : Verdict::start_waiting;
    }
    is_waiting_ = false;
    if (count_ < most) {
        restored_[count_++] = now;
    } else {
        restored_[oldest_] = now;
        oldest_ = (oldest_ + 1) % most;
    }
    return Verdict::restore;
}

}  // namespace init
