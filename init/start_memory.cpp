// SPDX-License-Identifier: MIT
#include "init/start_memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace init {
namespace {

int release(dl_phdr_info* program, std::size_t, void*) noexcept {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < program->dlpi_phnum; ++i) {
        const auto& segment = program->dlpi_phdr[i];
        // What can be written to may have been: it would be lost.
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = program->dlpi_addr + segment.p_vaddr;
        const std::uintptr_t first = begin / page * page;
        ::madvise(reinterpret_cast<void*>(first), begin + segment.p_filesz - first, MADV_DONTNEED);
    }
    return 1;  // The program itself comes first; libraries are left alone.
}

}  // namespace

void release_start_memory() noexcept {
    ::malloc_trim(0);
    ::dl_iterate_phdr(release, nullptr);
}

}  // namespace init
