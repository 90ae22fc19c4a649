// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>

namespace init {

/// How a machine ends.
enum class MachineEnd { power_off, reboot, halt };

/// What a signal to PID 1 asks for; nothing for those that ask for nothing. SIGTERM, SIGUSR1 and SIGUSR2 are what busybox's
/// and sysvinit's reboot, halt and poweroff send, SIGRTMIN+3 to +5 systemd's, SIGINT is ctrl-alt-del, SIGPWR a power
/// failure.
std::optional<MachineEnd> machine_end_for(int signal) noexcept;

/// From the wish to end until no process is left. Pure: the caller has the clock and sends the signals.
class ShutdownSequence {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// After SIGKILL a process can only be stuck in the kernel, and is not waited for longer than this.
    static constexpr std::chrono::seconds kill_patience{5};

    enum class Step {
        none,
        terminate,  ///< Send SIGTERM (and SIGCONT) to all processes.
        kill,       ///< Send SIGKILL to all.
        finish,     ///< None is left, or those that are will not go.
    };

    /// `grace` is the time between SIGTERM and SIGKILL.
    explicit ShutdownSequence(std::chrono::seconds grace) noexcept : grace_(grace) {}

    /// The machine is to end so. Asked again, it does not wait for the grace to pass; the way stays the first one.
    Step request(MachineEnd end, Time now) noexcept;

    /// A process has ended; `anybody_left`: others are still there.
    Step process_ended(bool anybody_left) noexcept;

    /// deadline() may have passed.
    Step time_passed(Time now) noexcept;

    [[nodiscard]] std::optional<Time> deadline() const noexcept { return deadline_; }
    [[nodiscard]] bool has_begun() const noexcept { return phase_ != Phase::up; }
    [[nodiscard]] MachineEnd end() const noexcept { return end_; }

  private:
    enum class Phase { up, terminating, killing, finished };

    Step begin_killing(Time now) noexcept;
    Step finish() noexcept;

    std::chrono::seconds grace_;
    Phase phase_ = Phase::up;
    MachineEnd end_ = MachineEnd::power_off;
    std::optional<Time> deadline_;
};

}  // namespace init
