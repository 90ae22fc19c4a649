// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace hostbridge {

/// Suspends a program with all its descendants and lets them go on. Who can be asked is asked with SIGTSTP, as a terminal
/// does, so that an editor can restore the screen; what has not stopped a moment later, ignores it, or left the program's
/// group is stopped with SIGSTOP. Part of a keeper: the descendants of this process are meant. Async-signal-safe.
class TreeStop {
  public:
    explicit TreeStop(pid_t program) noexcept : program_(program) {}

    /// The client wants it all to stop.
    void request() noexcept;

    /// The program has stopped, of its own accord or because its terminal made it.
    void program_stopped() noexcept;

    /// The program goes on although nobody called resume().
    void program_continued() noexcept;

    /// Lets go on what was stopped; not what had been stopped already before, such as the job of a shell.
    void resume() noexcept;

    /// In how many milliseconds step() is due, -1 if it is not.
    [[nodiscard]] int timeout() const noexcept;

    /// Does what is due. True once for a program that stopped without a request, when everything has stopped.
    bool step() noexcept;

  private:
    enum class State { running, stopping, stopped };

    void begin(bool was_requested) noexcept;
    [[nodiscard]] bool is_spared(pid_t process) const noexcept;
    bool is_settled(bool is_late) noexcept;

    pid_t program_;
    State state_ = State::running;
    bool was_requested_ = false;
    bool has_program_stopped_ = false;
    std::int64_t deadline_ = 0;  ///< When SIGSTOP is sent to all; in milliseconds, as the next two.
    std::int64_t give_up_ = 0;   ///< When it counts as done, whatever still runs.
    std::int64_t next_look_ = 0;
    std::int64_t interval_ = 0;
    /// What had been stopped before; of more than that, the rest goes on with the others.
    std::array<pid_t, 64> spared_{};
    std::size_t spared_count_ = 0;
};

}  // namespace hostbridge
