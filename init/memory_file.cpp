// SPDX-License-Identifier: MIT
#include "init/memory_file.h"

#include <sys/mman.h>

#include <cerrno>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace init {

interop::UniqueFd make_executable_memory_file(const char* name) noexcept {
    // With MFD_EXEC also where vm.memfd_noexec is 1; kernels before 6.3 do not know it, and need it not.
    interop::UniqueFd file(::memfd_create(name, MFD_CLOEXEC | MFD_EXEC));
    if (!file && errno == EINVAL) file.reset(::memfd_create(name, MFD_CLOEXEC));
    return file;
}

}  // namespace init
