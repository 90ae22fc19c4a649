// SPDX-License-Identifier: MIT
#include "hostbridge/process_tree_posix.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>

// After a fork of a process with threads: no allocation, no stdio, no opendir.
namespace hostbridge {
namespace {

constexpr std::size_t buffer_size = 4096;

void kill_number(pid_t process) noexcept {
    if (process > 1) ::kill(process, SIGKILL);
}

// Numbers separated by blanks: /proc/PID/task/TID/children. False if the kernel does not have the file.
bool kill_listed_children() noexcept {
    const int file = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    char buffer[buffer_size];
    pid_t number = 0;
    ssize_t size = 0;
    while ((size = ::read(file, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < size; ++i) {
            if (buffer[i] >= '0' && buffer[i] <= '9') {
                number = number * 10 + (buffer[i] - '0');
            } else {
                kill_number(number);
                number = 0;
            }
        }
    }
    kill_number(number);
    ::close(file);
    return true;
}

// The fourth field of /proc/PID/stat; the second may itself hold blanks and parentheses.
pid_t parent_of(const char* process) noexcept {
    char path[64] = "/proc/";
    if (std::strlen(process) > 20) return 0;
    std::strcat(path, process);
    std::strcat(path, "/stat");
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[512];
    const ssize_t size = ::read(file, text, sizeof text - 1);
    ::close(file);
    if (size <= 0) return 0;
    text[size] = '\0';
    const char* at = std::strrchr(text, ')');
    if (at == nullptr || std::strlen(at) < 4) return 0;
    pid_t parent = 0;
    for (at += 4; *at >= '0' && *at <= '9'; ++at) parent = parent * 10 + (*at - '0');
    return parent;
}

pid_t number_of(const char* text) noexcept {
    pid_t number = 0;
    for (; *text >= '0' && *text <= '9'; ++text) number = number * 10 + (*text - '0');
    return *text == '\0' ? number : 0;
}

struct DirectoryEntry {  // struct linux_dirent64 of getdents64(2)
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t length;
    std::uint8_t type;
    char name[1];
};

void kill_children_by_scan() noexcept {
    const int directory = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    const pid_t self = ::getpid();
    alignas(DirectoryEntry) char buffer[buffer_size];
    long size = 0;
    while ((size = ::syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < size;) {
            const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
            const char* name = buffer + at + offsetof(DirectoryEntry, name);
            const pid_t process = number_of(name);
            if (process > 1 && parent_of(name) == self) kill_number(process);
            at += entry->length;
        }
    }
    ::close(directory);
}

}  // namespace

void kill_all_descendants(pid_t group) noexcept {
    if (group > 1) ::kill(-group, SIGKILL);
    while (true) {
        if (!kill_listed_children()) kill_children_by_scan();
        // The children of what dies now become ours before it can be waited for.
        if (::waitpid(-1, nullptr, 0) < 0 && errno != EINTR) return;
    }
}

}  // namespace hostbridge
