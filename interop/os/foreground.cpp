// SPDX-License-Identifier: MIT
#include "interop/os/foreground.h"

#include <unistd.h>

namespace interop {

int find_foreground_terminal() noexcept {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        // Fails unless it is a terminal, and the controlling one.
        if (::tcgetpgrp(fd) < 0) continue;
        // Comparing groups is not enough: in a PID namespace whose terminal belongs to the outside, ours and the one
        // in the foreground both read as 0. Reading in the background, with SIGTTIN blocked, is EIO; reading nothing
        // has no other effect.
        char nothing;
        if (::read(fd, &nothing, 0) == 0) return fd;
    }
    return -1;
}

bool give_foreground(int terminal, pid_t group) noexcept { return ::tcsetpgrp(terminal, group) == 0; }

}  // namespace interop
