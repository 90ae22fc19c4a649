// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>

namespace init {

/// What init does about the signals it gets and the children that end. Pure, without memory of its own beyond this
/// object: it decides and the caller acts, so nothing in it can fail.
class Supervisor {
  public:
    enum class Step {
        none,
        reap,     ///< Collect the children that have ended and report each to child_ended.
        forward,  ///< Send the signal to forward_target().
    };

    /// `main_child` is the command; `own_pid` is ours.
    Supervisor(pid_t main_child, pid_t own_pid) noexcept : main_child_(main_child), own_pid_(own_pid) {}

    /// `sender` is the process that sent the signal, 0 if the kernel did or it is in another namespace.
    [[nodiscard]] Step signal_arrived(int signal, pid_t sender) const noexcept;

    [[nodiscard]] pid_t forward_target() const noexcept { return main_child_; }

    /// A child was collected; `wait_status` is that of wait(2).
    void child_ended(pid_t child, int wait_status) noexcept;

    /// How init has to exit, once the command has ended.
    [[nodiscard]] std::optional<int> exit_code() const noexcept { return exit_code_; }

  private:
    pid_t main_child_;
    pid_t own_pid_;
    std::optional<int> exit_code_;
};

/// The exit status by which shells report a wait status: the exit code, or 128 + signal.
int exit_code_from(int wait_status) noexcept;

}  // namespace init
