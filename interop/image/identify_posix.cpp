// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cerrno>

#include "interop/image/identify.h"

namespace interop {
namespace {

// Until the buffer is full or the file ends: network file systems return less than was asked for.
std::size_t pread_all(int fd, std::uint64_t offset, std::span<std::byte> buffer) {
    std::size_t done = 0;
    while (done < buffer.size()) {
        const ssize_t count =
            ::pread(fd, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

}  // namespace

ReadAt read_at_of(int fd) {
    return [fd](std::uint64_t offset, std::span<std::byte> buffer) { return pread_all(fd, offset, buffer); };
}

ImageDescription identify_image(int fd, std::uint64_t file_size) { return identify_image(read_at_of(fd), file_size); }

}  // namespace interop
