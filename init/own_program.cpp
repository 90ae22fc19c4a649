// SPDX-License-Identifier: MIT
#include "init/own_program.h"

#include <cerrno>
#include <climits>

#include <unistd.h>

namespace init {

proto::Result<std::string> own_program_path() {
    char target[PATH_MAX];
    const ssize_t length = ::readlink("/proc/self/exe", target, sizeof target);
    if (length <= 0) return proto::errno_error(errno, "find my own path (is /proc mounted?)");
    return std::string(target, static_cast<std::size_t>(length));
}

}  // namespace init
