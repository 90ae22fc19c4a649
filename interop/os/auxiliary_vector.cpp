// SPDX-License-Identifier: MIT
#include "interop/os/auxiliary_vector.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace interop {

bool is_binfmt_interpreter() noexcept {
    constexpr unsigned long preserve_argv0 = 1;  // <linux/binfmts.h> of a newer kernel than the one we build on.
    return (::getauxval(AT_FLAGS) & preserve_argv0) != 0;
}

bool kernel_tells_interpreters() noexcept {
    utsname kernel{};
    int major = 0;
    int minor = 0;
    if (::uname(&kernel) != 0 || std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2) return true;
    return major > 5 || (major == 5 && minor >= 12);
}

UniqueFd take_program_descriptor() noexcept {
    errno = 0;
    const auto number = ::getauxval(AT_EXECFD);
    if (number == 0 && errno == ENOENT) return {};
    UniqueFd program(static_cast<int>(number));
    if (program.get() <= STDERR_FILENO) {
        // The caller had closed a standard descriptor, and the kernel used its number.
        return UniqueFd(::fcntl(program.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    }
    ::fcntl(program.get(), F_SETFD, FD_CLOEXEC);
    return program;
}

}  // namespace interop
