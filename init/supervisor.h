// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <bitset>
#include <optional>

#include "init/signal_rewrites.h"

namespace init {

/// What to do when the terminal has stopped the command.
enum class WhenStopped {
    nothing,  ///< It is not our terminal.
    suspend,  ///< Stop as well: the shell that started us sees it, and can put us into the foreground again.
    resume,   ///< Continue it: nobody else could, and it would hang for good.
};

/// What the options and the start say about signals and the end.
struct SupervisorPolicy {
    bool signal_group = false;           ///< Signals go to the command's group.
    bool stops_with_command = false;     ///< A stop from the terminal stops us too, after the command got it.
    bool terminates_rest = false;        ///< What is left of the group when the command ends gets SIGTERM.
    bool ignores_terminal_loss = false;  ///< The first SIGHUP and SIGCONT come from giving the terminal away.
    WhenStopped when_stopped = WhenStopped::nothing;
    SignalRewrites rewrites;
    std::bitset<256> successes;  ///< Exit codes that are reported as 0.
};

/// What init does about the signals it gets and the children that end. Pure, without memory of its own beyond this
/// object: it decides and the caller acts, so nothing in it can fail.
class Supervisor {
  public:
    struct Action {
        enum class Step {
            none,
            reap,              ///< Collect the children that have ended and report each.
            forward,           ///< Send `signal` to forward_target().
            forward_and_stop,  ///< The same, then stop ourselves.
            forward_typed,  ///< Give the terminal to the command and send `signal` to its group, as the terminal would have.
            suspend,        ///< The command was stopped: give the terminal back and stop our group.
            resume,         ///< Give the terminal to the command and continue its group.
        };

        Step step = Step::none;
        int signal = 0;
    };

    /// `main_child` is the command, the leader of its group; `own_pid` is ours.
    Supervisor(pid_t main_child, pid_t own_pid, const SupervisorPolicy& policy) noexcept
        : main_child_(main_child), own_pid_(own_pid), policy_(policy) {}

    /// What the kernel sends, for somebody at the terminal among other reasons.
    static constexpr pid_t the_kernel = -1;

    /// `sender` is the process that sent the signal, 0 if it is in another namespace, or the_kernel.
    [[nodiscard]] Action signal_arrived(int signal, pid_t sender) noexcept;

    /// As kill(2) wants it: negative for a group.
    [[nodiscard]] pid_t forward_target() const noexcept { return policy_.signal_group ? -main_child_ : main_child_; }

    [[nodiscard]] pid_t main_child() const noexcept { return main_child_; }

    /// A child was collected; `wait_status` is that of wait(2).
    void child_ended(pid_t child, int wait_status) noexcept;

    /// A child was stopped by `stop_signal`. `got_terminal`: it wanted the terminal, and has been given it since.
    [[nodiscard]] Action child_stopped(pid_t child, int stop_signal, bool got_terminal) noexcept;

    /// How init has to exit, once the command has ended.
    [[nodiscard]] std::optional<int> exit_code() const noexcept { return exit_code_; }

    /// What the rest of the group gets when the command has ended; 0: nothing.
    [[nodiscard]] int farewell_signal() const noexcept;

  private:
    pid_t main_child_;
    pid_t own_pid_;
    SupervisorPolicy policy_;
    bool hangup_expected_ = policy_.ignores_terminal_loss;
    bool continue_expected_ = policy_.ignores_terminal_loss;
    bool is_suspended_ = false;
    std::optional<int> exit_code_;
};

/// The exit status by which shells report a wait status: the exit code, or 128 + signal.
int exit_code_from(int wait_status) noexcept;

}  // namespace init
