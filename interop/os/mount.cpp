// SPDX-License-Identifier: MIT
#include "interop/os/mount.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>

namespace interop {
namespace {

// <linux/proc_fs.h>, not exported: the inode numbers of the namespaces that the machine starts with.
constexpr ino_t initial_user_namespace = 0xEFFFFFFD;
constexpr ino_t initial_pid_namespace = 0xEFFFFFFC;

constexpr unsigned long safe_flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

bool has_magic(const std::string& directory, long magic) {
    struct statfs status {};
    return ::statfs(directory.c_str(), &status) == 0 && status.f_type == magic;
}

bool has_inode(const char* path, ino_t inode) {
    struct stat status {};
    return ::stat(path, &status) == 0 && status.st_ino == inode;
}

}  // namespace

bool is_proc_mounted(const std::string& directory) noexcept { return has_magic(directory, PROC_SUPER_MAGIC); }

bool is_binfmt_misc_mounted(const std::string& directory) noexcept { return has_magic(directory, BINFMTFS_MAGIC); }

proto::Result<void> ensure_proc() {
    if (is_proc_mounted("/proc")) return {};
    ::mkdir("/proc", 0555);
    if (::mount("proc", "/proc", "proc", safe_flags, nullptr) != 0) return proto::errno_error(errno, "mount /proc");
    return {};
}

proto::Result<void> ensure_binfmt_misc(const std::string& directory) {
    if (in_initial_user_namespace() && is_binfmt_misc_mounted(directory)) return {};
    // There is one instance per user namespace, so mounting it again shows the same rules. What is mounted already
    // may be the machine's, seen from inside: only the kernel can tell, and answers EBUSY if it is ours.
    if (::mount("binfmt_misc", directory.c_str(), "binfmt_misc", safe_flags, nullptr) != 0 && errno != EBUSY) {
        return proto::errno_error(errno, "mount binfmt_misc on " + directory);
    }
    return {};
}

bool in_initial_user_namespace() noexcept { return has_inode("/proc/self/ns/user", initial_user_namespace); }

bool in_initial_pid_namespace() noexcept { return has_inode("/proc/self/ns/pid", initial_pid_namespace); }

}  // namespace interop
