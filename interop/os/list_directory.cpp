// SPDX-License-Identifier: MIT
#include "interop/os/list_directory.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>

#include "interop/os/unique_fd.h"

namespace interop {
namespace {

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { closedir(directory); }
};

}  // namespace

proto::Result<std::vector<std::string>> list_directory(int directory) {
    // Opened anew: a duplicate would share its position, which readdir() moves.
    UniqueFd own(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) return proto::errno_error(errno, "");
    const std::unique_ptr<DIR, CloseDirectory> entries(fdopendir(own.get()));
    if (!entries) return proto::errno_error(errno, "");
    static_cast<void>(own.release());
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* const entry = readdir(entries.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        errno = 0;
    }
    if (errno != 0) return proto::errno_error(errno, "");
    std::ranges::sort(names);
    return names;
}

}  // namespace interop
