// SPDX-License-Identifier: MIT
#include "init/machine/api_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "proto/base/error.h"

namespace init {
namespace {

struct ApiMount {
    const char* type;
    const char* directory;
    unsigned long flags;
    const char* options;
};

// In this order: /dev/pts is below /dev. The group of terminals is 5, tty, on every distribution.
constexpr ApiMount api_mounts[] = {
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666"},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
};

struct Device {
    const char* path;
    mode_t mode;
    unsigned major, minor;
};

// What devtmpfs has by itself, for kernels without it (<linux/major.h>, Documentation/admin-guide/devices.txt).
constexpr Device devices[] = {
    {"/dev/null", 0666, 1, 3},   {"/dev/zero", 0666, 1, 5},    {"/dev/full", 0666, 1, 7},
    {"/dev/random", 0666, 1, 8}, {"/dev/urandom", 0666, 1, 9}, {"/dev/kmsg", 0644, 1, 11},
    {"/dev/tty", 0666, 5, 0},    {"/dev/console", 0600, 5, 1}, {"/dev/ptmx", 0666, 5, 2},
};

struct Link {
    const char* path;
    const char* target;
};

constexpr Link links[] = {{"/dev/fd", "/proc/self/fd"},
                          {"/dev/stdin", "/proc/self/fd/0"},
                          {"/dev/stdout", "/proc/self/fd/1"},
                          {"/dev/stderr", "/proc/self/fd/2"}};

class ApiMounter {
  public:
    std::vector<std::string> run() {
        for (const ApiMount& each : api_mounts) mount(each);
        for (const Link& each : links) {
            if (::symlink(each.target, each.path) != 0 && errno != EEXIST) problem(errno, "make", each.path);
        }
        return std::move(problems_);
    }

  private:
    void problem(int reason, const char* doing, const char* object) {
        problems_.push_back(proto::errno_error(reason, doing + (" " + std::string(object))).message());
    }

    static bool is_mount_point(const char* directory) {
        struct statx status {};
        return ::statx(AT_FDCWD, directory, AT_SYMLINK_NOFOLLOW, 0, &status) == 0 &&
               (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
               (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    }

    void mount(const ApiMount& wanted) {
        ::mkdir(wanted.directory,
                0755);  // In an initramfs it need not be there; if it cannot be made, mount() says so.
        if (is_mount_point(wanted.directory)) return;
        if (::mount(wanted.type, wanted.directory, wanted.type, wanted.flags, wanted.options) == 0) return;
        const int reason = errno;
        if (reason == EBUSY) return;  // Mounted already, on a kernel that does not tell mount points (before 5.8).
        if (reason == ENODEV && wanted.directory == std::string_view("/dev")) return make_devices();
        problem(reason, "mount", wanted.directory);
    }

    void make_devices() {
        if (::mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=0755") != 0) problem(errno, "mount", "/dev");
        const mode_t mask = ::umask(0);
        for (const Device& device : devices) {
            if (::mknod(device.path, S_IFCHR | device.mode, makedev(device.major, device.minor)) == 0) continue;
            if (errno != EEXIST) problem(errno, "make", device.path);
        }
        ::umask(mask);
    }

    std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> mount_api_file_systems() { return ApiMounter().run(); }

}  // namespace init
