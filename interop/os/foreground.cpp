// SPDX-License-Identifier: MIT
#include "interop/os/foreground.h"

#include <unistd.h>

namespace interop {

namespace {

bool is_controlling_terminal(int fd) noexcept { return ::tcgetpgrp(fd) >= 0; }

}  // namespace

bool is_in_foreground(int terminal) noexcept {
    if (!is_controlling_terminal(terminal)) return false;
    // Comparing groups is not enough: in a PID namespace whose terminal belongs to the outside, ours and the one
    // in the foreground both read as 0. Reading in the background, with SIGTTIN blocked, is EIO; reading nothing
    // has no other effect.
    char nothing;
    return ::read(terminal, &nothing, 0) == 0;
}

int find_controlling_terminal() noexcept {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (is_controlling_terminal(fd)) return fd;
    }
    return -1;
}

bool give_foreground(int terminal, pid_t group) noexcept { return ::tcsetpgrp(terminal, group) == 0; }

}  // namespace interop
