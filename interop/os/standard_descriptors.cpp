// SPDX-License-Identifier: MIT
#include "interop/os/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace interop {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0 || errno != EBADF; }

// The lowest free number is taken by open() and pipe(), so with all below `fd` open one of them gets it.
bool open_closed_pipe(int fd) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    // Descriptor 0 wants the end that reads nothing, the others the end that cannot be written to.
    const int wanted = fd == STDIN_FILENO ? ends[0] : ends[1];
    const int other = fd == STDIN_FILENO ? ends[1] : ends[0];
    if (wanted == fd) {
        ::close(other);
        return true;
    }
    const bool moved = ::dup2(wanted, fd) == fd;
    ::close(wanted);
    if (other != fd) ::close(other);
    return moved;
}

}  // namespace

bool open_standard_descriptors() noexcept {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (is_open(fd)) continue;
        if (::open("/dev/null", O_RDWR) == fd) continue;
        if (!open_closed_pipe(fd)) return false;
    }
    return true;
}

}  // namespace interop
