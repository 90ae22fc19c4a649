// SPDX-License-Identifier: MIT
#include "interop/session/caller_terminal.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iterator>

#include "interop/os/foreground.h"

namespace interop {
namespace {

// For the handler, which has no arguments of ours.
termios modes_to_restore;
volatile std::sig_atomic_t is_raw = 0;

termios raw_modes(termios modes) {
    ::cfmakeraw(&modes);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    return modes;
}

bool are_same(const termios& one, const termios& other) {
    return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_cflag == other.c_cflag &&
           one.c_lflag == other.c_lflag && std::equal(std::begin(one.c_cc), std::end(one.c_cc), other.c_cc);
}

// Async-signal-safe.
void restore_if_ours() noexcept {
    if (is_raw == 0) return;
    is_raw = 0;
    // From the background it would take the terminal's modes from whoever is in the foreground.
    if (is_in_foreground(STDIN_FILENO)) ::tcsetattr(STDIN_FILENO, TCSANOW, &modes_to_restore);
}

void restore_and_die(int signal) {
    restore_if_ours();
    // Its action is the default again (SA_RESETHAND): it ends us when this returns, or is repeated by the fault.
    ::raise(signal);
}

bool ends_by_default(int signal) {
    switch (signal) {
        case SIGKILL:
        case SIGSTOP:
        case SIGCHLD:
        case SIGURG:
        case SIGWINCH:
        case SIGCONT:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU: return false;
        default: return true;
    }
}

/// Signals that are waited for are blocked, and never get here. What is ignored, or handled by others, stays so.
void catch_deadly_signals() {
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        struct sigaction current {};
        if (!ends_by_default(signal) || ::sigaction(signal, nullptr, &current) != 0) continue;
        if (current.sa_handler != SIG_DFL) continue;
        struct sigaction action {};
        action.sa_handler = restore_and_die;
        action.sa_flags = static_cast<int>(SA_RESETHAND);
        ::sigaction(signal, &action, nullptr);
    }
}

void let_deadly_signals_be() {
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        struct sigaction current {};
        if (::sigaction(signal, nullptr, &current) == 0 && current.sa_handler == restore_and_die) {
            ::signal(signal, SIG_DFL);
        }
    }
}

}  // namespace

CallerTerminal::CallerTerminal() : is_terminal_(::tcgetattr(STDIN_FILENO, &original_) == 0) {
    catch_deadly_signals();
    take();
}

CallerTerminal::~CallerTerminal() {
    give_back();
    let_deadly_signals_be();
}

bool CallerTerminal::take() {
    const bool can_have_it = is_terminal_ && is_in_foreground(STDIN_FILENO);
    // Once we are in the background, what the modes are is the shell's business.
    if (!can_have_it) is_raw = 0;
    if (!can_have_it || is_raw != 0) return false;
    termios modes{};
    if (::tcgetattr(STDIN_FILENO, &modes) != 0) return false;
    // They may have been changed while we were stopped, or have stayed ours.
    const bool is_ours_still = was_raw_ && are_same(modes, raw_modes(original_));
    if (!is_ours_still) original_ = modes;
    modes_to_restore = original_;
    was_raw_ = true;
    is_raw = 1;  // Before it is true: a signal in between restores what is there.
    const termios raw = raw_modes(modes);
    if (::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0) return true;
    is_raw = 0;
    return false;
}

bool CallerTerminal::retake() {
    is_raw = 0;
    return take();
}

void CallerTerminal::give_back() noexcept { restore_if_ours(); }

bool CallerTerminal::is_control(int which, char typed) const noexcept {
    const cc_t character = original_.c_cc[which];
    return is_terminal_ && (original_.c_lflag & ISIG) != 0 && character != _POSIX_VDISABLE &&
           character == static_cast<cc_t>(typed);
}

winsize caller_terminal_size() noexcept {
    winsize size{};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::ioctl(fd, TIOCGWINSZ, &size) == 0) return size;
    }
    return {};
}

}  // namespace interop
