// SPDX-License-Identifier: MIT
#include "hostbridge/program_location.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

namespace hostbridge {

proto::Result<std::string> final_path_of(uv_file file) {
    const std::string link = "/proc/self/fd/" + std::to_string(file);
    std::string path(PATH_MAX, '\0');
    const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
    if (size < 0) return proto::errno_error(errno, "find out where an open file is");
    path.resize(static_cast<std::size_t>(size));
    // The kernel's text is no path if the file was removed (" (deleted)"), is beyond our root directory, or is too long.
    struct stat opened {};
    struct stat named {};
    if (::fstat(file, &opened) < 0) return proto::errno_error(errno, "find out where an open file is");
    if (!path.starts_with('/') || ::lstat(path.c_str(), &named) < 0 || opened.st_dev != named.st_dev ||
        opened.st_ino != named.st_ino) {
        return proto::errno_error(ENOENT, "find out where an open file is");
    }
    return path;
}

std::string final_path_of_directory(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), std::free);
    return real ? real.get() : path;
}

proto::Result<uv::Descriptor> hold_unchanged(uv_file file) {
    uv::Descriptor copy(::fcntl(file, F_DUPFD_CLOEXEC, 0));
    if (!copy) return proto::errno_error(errno, "keep a program open");
    return copy;
}

}  // namespace hostbridge
