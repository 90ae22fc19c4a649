// SPDX-License-Identifier: MIT
#include "init/unregister_marker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "interop/os/unique_fd.h"

namespace init {
namespace {

constexpr const char* run_directory = "/run/mzinit";

std::string marker_path(const BinfmtTable& table, const std::string& name) {
    const std::string device = std::to_string(major(table.device())) + ":" + std::to_string(minor(table.device()));
    return std::string(run_directory) + "/unregistered." + device + "." + name;
}

// The broker's socket is there too, which users must reach whatever the mask of whoever comes first.
void make_run_directory() {
    const mode_t mask = ::umask(0);
    ::mkdir(run_directory, 0755);
    ::umask(mask);
}

}  // namespace

proto::Result<void> mark_unregistered(const BinfmtTable& table, const std::string& name) {
    const std::string path = marker_path(table, name);
    make_run_directory();
    const interop::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file) return proto::errno_error(errno, "write " + path);
    return {};
}

void unmark_unregistered(const BinfmtTable& table, const std::string& name) {
    ::unlink(marker_path(table, name).c_str());
}

bool is_marked_unregistered(const BinfmtTable& table, const std::string& name) {
    return ::access(marker_path(table, name).c_str(), F_OK) == 0;
}

}  // namespace init
