// SPDX-License-Identifier: MIT
#include "interop/os/detached_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "interop/os/string_pointers.h"
#include "interop/os/unique_fd.h"

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

void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) return;
        if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

std::string read_all(int fd) {
    std::string bytes;
    std::array<char, 512> buffer{};
    while (true) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count == 0 || (count < 0 && errno != EINTR)) return bytes;
        if (count > 0) bytes.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

/// The null device in the place of all three, or the error.
int drop_standard_streams() {
    const UniqueFd null_device(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null_device) return errno;
    for (int stream = 0; stream < 3; ++stream) {
        if (::dup2(null_device.get(), stream) < 0) return errno;
    }
    return 0;
}

}  // namespace

proto::Result<DetachedChild> fork_detached(
    const std::function<std::string(const std::function<void()>& started)>& become) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) return proto::errno_error(errno, "make a pipe");
    UniqueFd ours(ends[0]);
    UniqueFd childs(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return proto::errno_error(errno, "start a process");
    if (child == 0) {
        ours.reset();
        ::setsid();
        const int problem = drop_standard_streams();
        const std::string failure =
            problem != 0 ? proto::errno_error(problem, "open /dev/null").message() : become([&] { childs.reset(); });
        if (childs) write_all(childs.get(), failure);
        ::_exit(EXIT_SUCCESS);
    }
    childs.reset();
    DetachedChild made{child, read_all(ours.get())};
    if (!made.failure.empty()) {
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    return made;
}

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
