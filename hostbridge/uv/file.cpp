// SPDX-License-Identifier: MIT
#include "hostbridge/uv/file.h"

#include <fcntl.h>

#include "hostbridge/uv/error.h"

namespace hostbridge::uv {
namespace {

// One uv_fs_* call without a callback: it blocks and its result is in the request.
struct Request {
    uv_fs_t raw{};
    Request() = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request() { uv_fs_req_cleanup(&raw); }
};

}  // namespace

proto::Result<Descriptor> open_for_reading(const std::string& path) {
    Request request;
    // libuv adds O_CLOEXEC. A fifo in the place of a program must not block us.
    const int file = uv_fs_open(nullptr, &request.raw, path.c_str(), UV_FS_O_RDONLY | UV_FS_O_NONBLOCK, 0, nullptr);
    if (file < 0) return error(file, "open " + path);
    return Descriptor(file);
}

proto::Result<uv_stat_t> stat_path(const std::string& path) {
    Request request;
    if (const int result = uv_fs_stat(nullptr, &request.raw, path.c_str(), nullptr); result < 0) {
        return error(result, "look at " + path);
    }
    return request.raw.statbuf;
}

proto::Result<uv_stat_t> stat_file(uv_file file) {
    Request request;
    if (const int result = uv_fs_fstat(nullptr, &request.raw, file, nullptr); result < 0) {
        return error(result, "look at an open file");
    }
    return request.raw.statbuf;
}

proto::Result<std::size_t> read_at(uv_file file, std::uint64_t offset, std::span<char> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        Request request;
        const uv_buf_t rest = uv_buf_init(buffer.data() + filled, static_cast<unsigned>(buffer.size() - filled));
        const int result =
            uv_fs_read(nullptr, &request.raw, file, &rest, 1, static_cast<std::int64_t>(offset + filled), nullptr);
        if (result == UV_EINTR) continue;
        if (result < 0) return error(result, "read a file");
        if (result == 0) break;
        filled += static_cast<std::size_t>(result);
    }
    return filled;
}

}  // namespace hostbridge::uv
