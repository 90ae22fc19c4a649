// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

namespace init {

/// The terminal that the command gets for as long as it runs, and who had it before. All signals must be blocked.
class CommandTerminal {
  public:
    /// Of descriptors 0 to 2, the controlling terminal in whose foreground we are; an object without one otherwise.
    static CommandTerminal find() noexcept;

    /// -1: none.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Whether we were started by a shell that takes the terminal back when our group stops. Not where we lead the
    /// session ourselves, as the first process of a container does.
    [[nodiscard]] bool has_shell() const noexcept;

    /// Puts the command's group into the foreground, if ours is in it.
    void give_to(pid_t group) const noexcept;

    /// Puts back the group that had it.
    void give_back() const noexcept;

    /// Lets go of the session's terminal, so that a session of the command's can have it. True if that makes the
    /// kernel send us SIGHUP and SIGCONT.
    static bool detach_session() noexcept;

  private:
    int descriptor_ = -1;
    pid_t previous_group_ = -1;
};

}  // namespace init
