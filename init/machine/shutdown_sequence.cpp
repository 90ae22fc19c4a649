// SPDX-License-Identifier: MIT
#include "init/machine/shutdown_sequence.h"

#include <csignal>

namespace init {

std::optional<MachineEnd> machine_end_for(int signal) noexcept {
    const int first_real_time = SIGRTMIN;
    if (signal == SIGUSR1 || signal == first_real_time + 3) return MachineEnd::halt;
    if (signal == SIGUSR2 || signal == SIGPWR || signal == first_real_time + 4) return MachineEnd::power_off;
    if (signal == SIGTERM || signal == SIGINT || signal == first_real_time + 5) return MachineEnd::reboot;
    return std::nullopt;
}

ShutdownSequence::Step ShutdownSequence::begin_killing(Time now) noexcept {
    phase_ = Phase::killing;
    deadline_ = now + kill_patience;
    return Step::kill;
}

ShutdownSequence::Step ShutdownSequence::finish() noexcept {
    phase_ = Phase::finished;
    deadline_.reset();
    return Step::finish;
}

ShutdownSequence::Step ShutdownSequence::request(MachineEnd end, Time now) noexcept {
    switch (phase_) {
        case Phase::up:
            phase_ = Phase::terminating;
            end_ = end;
            deadline_ = now + grace_;
            return Step::terminate;
        case Phase::terminating: return begin_killing(now);
        case Phase::killing:
        case Phase::finished: break;
    }
    return Step::none;
}

ShutdownSequence::Step ShutdownSequence::process_ended(bool anybody_left) noexcept {
    const bool is_waiting = phase_ == Phase::terminating || phase_ == Phase::killing;
    return is_waiting && !anybody_left ? finish() : Step::none;
}

ShutdownSequence::Step ShutdownSequence::time_passed(Time now) noexcept {
    if (!deadline_ || now < *deadline_) return Step::none;
    return phase_ == Phase::terminating ? begin_killing(now) : finish();
}

}  // namespace init
