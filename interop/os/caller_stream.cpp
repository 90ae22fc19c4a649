// SPDX-License-Identifier: MIT
#include "interop/os/caller_stream.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace interop {
namespace {

proto::Result<std::size_t> result_of(ssize_t count, const char* doing) {
    if (count < 0) return proto::errno_error(errno, doing);
    return static_cast<std::size_t>(count);
}

/// A second open file description of the same terminal, whose O_NONBLOCK is ours alone.
UniqueFd open_own_description(int fd, int access) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    UniqueFd own(open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (own) return own;
    // No /proc, in a chroot for example: the controlling terminal is nearly always the one we were given.
    struct stat wanted {};
    struct stat found {};
    UniqueFd controlling(open("/dev/tty", access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (controlling && fstat(fd, &wanted) == 0 && fstat(controlling.get(), &found) == 0 &&
        wanted.st_rdev == found.st_rdev) {
        return controlling;
    }
    return {};
}

}  // namespace

StreamKind classify_stream(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return StreamKind::other;
    if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return StreamKind::regular_file;
    if (S_ISFIFO(status.st_mode)) return StreamKind::pipe;
    if (S_ISSOCK(status.st_mode)) {
        int type = 0;
        socklen_t length = sizeof type;
        const bool stream = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
        return stream ? StreamKind::stream_socket : StreamKind::other;
    }
    return S_ISCHR(status.st_mode) && isatty(fd) == 1 ? StreamKind::terminal : StreamKind::other;
}

CallerStream::CallerStream(int fd, Direction direction) : fd_(fd), kind_(classify_stream(fd)) {
    if (kind_ == StreamKind::terminal) {
        own_description_ = open_own_description(fd, direction == Direction::in ? O_RDONLY : O_WRONLY);
    }
}

proto::Result<std::size_t> CallerStream::read_some(std::span<char> space) {
    switch (kind_) {
        case StreamKind::stream_socket:
            return result_of(recv(fd_, space.data(), space.size(), MSG_DONTWAIT), "read standard input");
        case StreamKind::terminal:
            // Without a description of our own another reader may win the race after the check; then we wait with it.
            if (!own_description_ && !is_ready(fd_, POLLIN)) return proto::errno_error(EAGAIN, "read standard input");
            return result_of(read(pollable_fd(), space.data(), space.size()), "read standard input");
        default: break;
    }
    iovec piece{space.data(), space.size()};
    if (nowait_supported_ && kind_ != StreamKind::regular_file) {
        const ssize_t count = preadv2(fd_, &piece, 1, -1, RWF_NOWAIT);
        if (count >= 0 || errno != EOPNOTSUPP) return result_of(count, "read standard input");
        nowait_supported_ = false;
    }
    if (kind_ != StreamKind::regular_file && !is_ready(fd_, POLLIN)) {
        return proto::errno_error(EAGAIN, "read standard input");
    }
    return result_of(read(fd_, space.data(), space.size()), "read standard input");
}

proto::Result<std::size_t> CallerStream::write_some(std::string_view bytes) {
    switch (kind_) {
        case StreamKind::stream_socket:
            return result_of(send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL), "write output");
        case StreamKind::pipe: return write_to_pipe(bytes);
        case StreamKind::terminal:
            if (own_description_)
                return result_of(write(own_description_.get(), bytes.data(), bytes.size()), "write output");
            if (!is_ready(fd_, POLLOUT)) return proto::errno_error(EAGAIN, "write output");
            return result_of(write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), 128)), "write output");
        case StreamKind::regular_file:
        case StreamKind::other: break;
    }
    return result_of(write(fd_, bytes.data(), bytes.size()), "write output");
}

proto::Result<std::size_t> CallerStream::write_to_pipe(std::string_view bytes) {
    if (nowait_supported_) {
        iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        const ssize_t count = pwritev2(fd_, &piece, 1, -1, RWF_NOWAIT);
        if (count >= 0 || errno != EOPNOTSUPP) return result_of(count, "write output");
        nowait_supported_ = false;  // before Linux 6.4
    }
    // POLLOUT promises room for PIPE_BUF bytes, as long as no other writer takes it in this moment.
    if (!is_ready(fd_, POLLOUT)) return proto::errno_error(EAGAIN, "write output");
    return result_of(write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF)), "write output");
}

bool is_ready(int fd, short events) {
    pollfd entry{fd, events, 0};
    return poll(&entry, 1, 0) > 0 && entry.revents != 0;
}

bool is_would_block(const std::error_code& code) {
    return code == std::errc::operation_would_block || code == std::errc::resource_unavailable_try_again;
}

}  // namespace interop
