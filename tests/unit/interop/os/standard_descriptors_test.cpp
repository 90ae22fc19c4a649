// SPDX-License-Identifier: MIT
#include "interop/os/standard_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

namespace interop {
namespace {

bool is_null_device(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

/// Closes the descriptors whose bits are set, in a process of its own. The exit code has a bit for each descriptor
/// that is as it should be afterwards.
unsigned good_descriptors_after_closing(unsigned closed) {
    const pid_t child = ::fork();
    if (child == 0) {
        const int other = ::open("/", O_RDONLY | O_DIRECTORY);
        for (int fd = 0; fd < 3; ++fd) {
            ::dup2(other, fd);
            if ((closed & (1U << fd)) != 0) ::close(fd);
        }
        if (!open_standard_descriptors()) ::_exit(0);
        unsigned good = 0;
        for (int fd = 0; fd < 3; ++fd) {
            const bool should_be_null = (closed & (1U << fd)) != 0;
            if (::fcntl(fd, F_GETFD) == 0 && is_null_device(fd) == should_be_null) good |= 1U << fd;
        }
        ::_exit(static_cast<int>(good));
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return static_cast<unsigned>(WEXITSTATUS(status));
}

TEST(StandardDescriptors, ClosedOnesBecomeTheNullDeviceAndOthersStay) {
    for (unsigned closed = 0; closed < 8; ++closed) EXPECT_EQ(good_descriptors_after_closing(closed), 7U) << closed;
}

}  // namespace
}  // namespace interop
