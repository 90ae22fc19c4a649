// SPDX-License-Identifier: MIT
#include "interop/os/detached_process.h"

#include <fcntl.h>
#include <spawn.h>

#include <csignal>

#include "interop/os/string_pointers.h"

namespace interop {
namespace {

class SpawnSettings {
  public:
    SpawnSettings(int standard_input, int standard_output) {
        posix_spawn_file_actions_init(&actions_);
        for (const int stream : {0, 1, 2}) {
            posix_spawn_file_actions_addopen(&actions_, stream, "/dev/null", O_RDWR, 0);
        }
        if (standard_input >= 0) posix_spawn_file_actions_adddup2(&actions_, standard_input, 0);
        if (standard_output >= 0) posix_spawn_file_actions_adddup2(&actions_, standard_output, 1);
        posix_spawnattr_init(&attributes_);
        sigset_t signals;
        sigfillset(&signals);
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        constexpr short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
        posix_spawnattr_setflags(&attributes_, flags);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
    [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

proto::Result<pid_t> spawn_detached(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                                    int standard_input, int standard_output) {
    const SpawnSettings settings(standard_input, standard_output);
    const auto argv = pointers_to(words);
    const auto envp = pointers_to(environment);
    pid_t child = -1;
    const int failure =
        ::posix_spawnp(&child, argv[0], settings.actions(), settings.attributes(), argv.data(), envp.data());
    if (failure != 0) return proto::errno_error(failure, "start " + words.front());
    return child;
}

}  // namespace interop
