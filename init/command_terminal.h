// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

namespace init {

/// The terminal that the command gets for as long as it runs, and who had it before. All signals must be blocked.
class CommandTerminal {
  public:
    /// The first of descriptors 0 to 2 that is our controlling terminal; an object without one otherwise.
    static CommandTerminal find() noexcept;

    /// Whether there is one.
    [[nodiscard]] bool exists() const noexcept { return descriptor_ >= 0; }

    /// The terminal for a process that will take it for its group itself, if our group is in its foreground; -1 otherwise.
    /// From then on it counts as given.
    int lend() noexcept;

    /// Whether we were started by a shell that takes the terminal back when our group stops. Not where we lead the
    /// session ourselves, as the first process of a container does.
    [[nodiscard]] bool has_shell() const noexcept;

    /// Puts the command's group into the foreground. False if ours is not in it, or there is no such group.
    bool give_to(pid_t group) noexcept;

    /// Puts back the group that had it, if it was given.
    void give_back() noexcept;

    /// Lets go of the session's terminal, so that a session of the command's can have it. True if that makes the
    /// kernel send us SIGHUP and SIGCONT.
    static bool detach_session() noexcept;

  private:
    int descriptor_ = -1;
    pid_t previous_group_ = 0;  // 0: it has not been given, or to be given back to a group outside our namespace.
};

}  // namespace init
