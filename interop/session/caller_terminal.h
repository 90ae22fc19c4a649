// SPDX-License-Identifier: MIT
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

namespace interop {

/// The terminal that our standard input is, for as long as a program on the host has it: raw, so that every character
/// goes to the program's own terminal. It gets its modes back whenever it is somebody else's turn: at the end of this
/// object, before a stop, and when a signal that nobody waits for ends this process. Nothing is changed while we are
/// in the background: the modes are the shell's then. One object at a time. SIGTTIN and SIGTTOU must be blocked.
class CallerTerminal {
  public:
    /// Remembers the modes and, if we are in the foreground, makes the terminal raw.
    CallerTerminal();
    ~CallerTerminal();
    CallerTerminal(const CallerTerminal&) = delete;
    CallerTerminal& operator=(const CallerTerminal&) = delete;

    /// After we may have come to the foreground: makes it raw if it is not. True if it has become raw just now.
    bool take();

    /// After a stop that we could not see coming: others may have set its modes meanwhile.
    bool retake();

    /// Restores the modes, for others to use the terminal. Nothing if it was not raw.
    void give_back() noexcept;

    /// The character that asks for `SIGTSTP` (VSUSP) or `SIGQUIT` (VQUIT) on it, or nothing (_POSIX_VDISABLE, or signals
    /// are switched off).
    [[nodiscard]] bool is_stop_character(char typed) const noexcept { return is_control(VSUSP, typed); }
    [[nodiscard]] bool is_quit_character(char typed) const noexcept { return is_control(VQUIT, typed); }

  private:
    [[nodiscard]] bool is_control(int which, char typed) const noexcept;

    termios original_{};
    bool is_terminal_ = false;
    bool was_raw_ = false;  // once
};

/// The size of the first of descriptors 0 to 2 that is a terminal; all zero if none is.
winsize caller_terminal_size() noexcept;

}  // namespace interop
