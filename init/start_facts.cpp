// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstring>

#include "init/mode.h"
#include "init/personality.h"
#include "interop/os/auxiliary_vector.h"
#include "interop/os/mount.h"
#include "interop/os/unique_fd.h"

namespace init {
namespace {

bool is_own_path(const char* path) {
    char target[PATH_MAX];
    const ssize_t length = ::readlink("/proc/self/exe", target, sizeof target);
    return length > 0 && std::string_view(target, static_cast<std::size_t>(length)) == path;
}

bool is_mz_file(const char* path) {
    const interop::UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    char magic[2] = {};
    return file && ::pread(file.get(), magic, sizeof magic, 0) == sizeof magic && std::memcmp(magic, "MZ", 2) == 0;
}

}  // namespace

StartFacts observe_start(int argc, const char* const* argv) {
    StartFacts facts{.argv1 = argc > 1 ? argv[1] : ""};
    facts.is_binfmt_interpreter = argc > 2 && interop::is_binfmt_interpreter();
    if (facts.is_binfmt_interpreter) return facts;  // The rest costs time that a launch need not spend.
    facts.is_first_process = ::getpid() == 1;
    facts.is_path_command = argc > 0 && !path_command_name(argv[0]).empty();
    facts.has_personality = argc > 0 && personality_of(argv[0]) != Personality::mzinit;
    facts.kernel_tells_interpreters = interop::kernel_tells_interpreters();
    if (!facts.kernel_tells_interpreters && argc > 2) {
        facts.argv0_is_own_path = is_own_path(argv[0]);
        facts.argv1_is_mz_file = is_mz_file(argv[1]);
    }
    if (facts.is_first_process) {
        (void)interop::ensure_proc();  // Without it we take this for a container, where ending does no harm.
        facts.in_initial_pid_namespace = interop::in_initial_pid_namespace();
    }
    return facts;
}

}  // namespace init
