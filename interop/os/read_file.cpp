// SPDX-License-Identifier: MIT
#include "interop/os/read_file.h"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/os/unique_fd.h"

namespace interop {
namespace {

constexpr int longest_wait_ms = 1000;

/// Whether there is something to read from a pipe or a device.
bool wait_for_bytes(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    const int ready = poll(&waiting, 1, longest_wait_ms);
    return ready > 0 || (ready < 0 && errno == EINTR);
}

proto::Result<std::string> read_all(int fd, const std::string& doing, std::size_t limit) {
    std::string text;
    char piece[4096];
    while (true) {
        const ssize_t count = read(fd, piece, sizeof piece);
        if (count == 0) return text;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN && wait_for_bytes(fd)) continue;
        if (count < 0) return proto::errno_error(errno == EAGAIN ? ETIMEDOUT : errno, doing);
        if (text.size() + static_cast<std::size_t>(count) > limit) return proto::errno_error(EFBIG, doing);
        text.append(piece, static_cast<std::size_t>(count));
    }
}

}  // namespace

proto::Result<std::string> read_file(const std::string& path, std::size_t limit) {
    // Non-blocking: what was put in the place of a file may be a FIFO that nobody writes to, and PID 1 reads files too.
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) return proto::errno_error(errno, "read " + path);
    return read_all(fd.get(), "read " + path, limit);
}

proto::Result<std::string> read_private_file(const std::string& path, std::size_t limit) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) return proto::errno_error(errno, "read " + path);
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return proto::errno_error(errno, "read " + path);
    if (!S_ISREG(status.st_mode)) return proto::errno_error(EACCES, "read " + path + " (not a regular file)");
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        return proto::errno_error(EACCES, "read " + path + " (it belongs to another user)");
    }
    if ((status.st_mode & 077) != 0) {
        return proto::errno_error(EACCES, "read " + path + " (others may use it; make it mode 0600)");
    }
    return read_all(fd.get(), "read " + path, limit);
}

}  // namespace interop
