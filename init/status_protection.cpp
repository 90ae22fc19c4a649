// SPDX-License-Identifier: MIT
#include "init/status_protection.h"

#include <sys/mount.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <string>

namespace init {
namespace {

std::string status_file(const BinfmtTable& table) { return table.directory() + "/status"; }

}  // namespace

proto::Result<void> protect_status(const BinfmtTable& table) {
    if (is_status_protected(table)) return {};
    const std::string file = status_file(table);
    const std::string doing = "make " + file + " read-only";
    if (::mount(file.c_str(), file.c_str(), nullptr, MS_BIND, nullptr) != 0) return proto::errno_error(errno, doing);
    // In a user namespace the flags that the mount has already must be there again.
    constexpr unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (::mount(nullptr, file.c_str(), nullptr, flags, nullptr) != 0) {
        const auto error = proto::errno_error(errno, doing);
        ::umount2(file.c_str(), MNT_DETACH);
        return error;
    }
    return {};
}

proto::Result<void> unprotect_status(const BinfmtTable& table) {
    const std::string file = status_file(table);
    if (!is_status_protected(table) || ::umount2(file.c_str(), MNT_DETACH) == 0) return {};
    return proto::errno_error(errno, "make " + file + " writable again");
}

bool is_status_protected(const BinfmtTable& table) {
    struct statvfs file {};
    struct statvfs directory {};
    const bool known =
        ::statvfs(status_file(table).c_str(), &file) == 0 && ::statvfs(table.directory().c_str(), &directory) == 0;
    return known && (file.f_flag & ST_RDONLY) != 0 && (directory.f_flag & ST_RDONLY) == 0;
}

}  // namespace init
