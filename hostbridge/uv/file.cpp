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

proto::Result<void> outcome(const Request& request, std::string_view doing) {
    if (request.raw.result < 0) return file_error(request.raw, doing);
    return {};
}

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

proto::Result<Descriptor> create_file(const std::string& path, int mode) {
    Request request;
    const int file =
        uv_fs_open(nullptr, &request.raw, path.c_str(), UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_EXCL, mode, nullptr);
    if (file < 0) return file_error(request.raw, "make " + path);
    return Descriptor(file);
}

proto::Result<uv_stat_t> stat_link(const std::string& path) {
    Request request;
    if (uv_fs_lstat(nullptr, &request.raw, path.c_str(), nullptr) < 0)
        return file_error(request.raw, "look at " + path);
    return request.raw.statbuf;
}

proto::Result<void> write_all(uv_file file, std::string_view bytes) {
    while (!bytes.empty()) {
        Request request;
        const uv_buf_t rest = uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
        const int result = uv_fs_write(nullptr, &request.raw, file, &rest, 1, -1, nullptr);
        if (result == UV_EINTR) continue;
        if (result < 0) return file_error(request.raw, "write a file");
        bytes.remove_prefix(static_cast<std::size_t>(result));
    }
    return {};
}

proto::Result<std::vector<std::string>> list_directory(const std::string& path) {
    Request request;
    if (uv_fs_scandir(nullptr, &request.raw, path.c_str(), 0, nullptr) < 0) {
        return file_error(request.raw, "list " + path);
    }
    std::vector<std::string> names;
    uv_dirent_t entry{};
    while (uv_fs_scandir_next(&request.raw, &entry) != UV_EOF) names.emplace_back(entry.name);
    return names;
}

proto::Result<void> make_directory(const std::string& path, int mode) {
    Request request;
    uv_fs_mkdir(nullptr, &request.raw, path.c_str(), mode, nullptr);
    return outcome(request, "make " + path);
}

proto::Result<void> rename(const std::string& from, const std::string& to) {
    Request request;
    uv_fs_rename(nullptr, &request.raw, from.c_str(), to.c_str(), nullptr);
    return outcome(request, "make " + to);
}

proto::Result<void> link_or_copy(const std::string& from, const std::string& to) {
    Request link;
    uv_fs_link(nullptr, &link.raw, from.c_str(), to.c_str(), nullptr);
    if (link.raw.result >= 0) return {};
    Request copy;
    uv_fs_copyfile(nullptr, &copy.raw, from.c_str(), to.c_str(), UV_FS_COPYFILE_EXCL, nullptr);
    return outcome(copy, "make " + to);
}

proto::Result<void> remove_file(const std::string& path) {
    Request request;
    uv_fs_unlink(nullptr, &request.raw, path.c_str(), nullptr);
    return outcome(request, "remove " + path);
}

proto::Result<void> remove_directory(const std::string& path) {
    Request request;
    uv_fs_rmdir(nullptr, &request.raw, path.c_str(), nullptr);
    return outcome(request, "remove " + path);
}

std::string home_directory() {
    std::string path(4096, '\0');
    std::size_t size = path.size();
    if (uv_os_homedir(path.data(), &size) != 0) return {};
    path.resize(size);
    return path;
}

proto::Result<void> set_times(const std::string& path, double seconds_since_1970) {
    Request request;
    uv_fs_utime(nullptr, &request.raw, path.c_str(), seconds_since_1970, seconds_since_1970, nullptr);
    return outcome(request, "set the time of " + path);
}

}  // namespace hostbridge::uv
