// SPDX-License-Identifier: MIT
#include "init/machine/service_run.h"

#include <sys/wait.h>

namespace init {
namespace {

bool is_restarted(Restart policy, int wait_status) {
    switch (policy) {
        case Restart::never: return false;
        case Restart::on_abnormal: return WIFSIGNALED(wait_status);
        case Restart::on_failure: return wait_status != 0;
        case Restart::always: return true;
    }
    return false;
}

}  // namespace

void ServiceRun::count_start(Time now) noexcept {
    starts_[(oldest_ + count_) % most_starts] = now;
    if (count_ < most_starts) {
        ++count_;
    } else {
        oldest_ = (oldest_ + 1) % most_starts;
    }
}

void ServiceRun::started(pid_t pid, Time now) noexcept {
    count_start(now);
    next_start_.reset();
    pid_ = pid;
}

ServiceRun::Next ServiceRun::try_again(Time now) noexcept {
    const bool is_spent = count_ == most_starts && now - starts_[oldest_] < start_window;
    if (is_spent) return Next::given_up;
    next_start_ = now + restart_pause;
    return Next::starts_again;
}

void ServiceRun::start_failed(Time now) noexcept { next_start_ = now + failed_start_pause; }

ServiceRun::Next ServiceRun::ended(int wait_status, Time now) noexcept {
    pid_ = 0;
    return is_restarted(policy_, wait_status) ? try_again(now) : Next::stays_down;
}

}  // namespace init
