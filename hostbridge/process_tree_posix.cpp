// SPDX-License-Identifier: MIT
#include "hostbridge/process_tree_posix.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

// After a fork of a process with threads: no allocation, no stdio, no opendir.
namespace hostbridge {
namespace {

constexpr std::size_t buffer_size = 4096;

/// "/proc" and what is appended to it: numbers and the names of files there.
class ProcPath {
  public:
    ProcPath& operator/(const char* name) noexcept {
        text_[length_++] = '/';
        while (*name != '\0') text_[length_++] = *name++;
        text_[length_] = '\0';
        return *this;
    }
    ProcPath& operator/(pid_t number) noexcept {
        char digits[16];
        char* first = digits + sizeof digits - 1;
        *first = '\0';
        do {
            *--first = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number > 0);
        return *this / first;
    }
    [[nodiscard]] const char* text() const noexcept { return text_; }

  private:
    char text_[96] = "/proc";
    std::size_t length_ = 5;
};

// Calls `visit` for each of the numbers, separated by blanks, of a file like /proc/PID/task/TID/children. False if it
// cannot be read: not every kernel has it.
template <typename Visit>
bool for_each_number(const char* path, Visit visit) noexcept {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    char buffer[buffer_size];
    pid_t number = 0;
    ssize_t size = 0;
    while ((size = ::read(file, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < size; ++i) {
            if (buffer[i] >= '0' && buffer[i] <= '9') {
                number = number * 10 + (buffer[i] - '0');
            } else {
                if (number > 1) visit(number);
                number = 0;
            }
        }
    }
    if (number > 1) visit(number);
    ::close(file);
    return true;
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

// Calls `visit` for each number that names an entry of the directory.
template <typename Visit>
void for_each_numbered_entry(const char* path, Visit visit) noexcept {
    const int directory = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    alignas(DirectoryEntry) char buffer[buffer_size];
    long size = 0;
    while ((size = ::syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < size;) {
            const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
            const pid_t number = number_of(buffer + at + offsetof(DirectoryEntry, name));
            if (number > 1) visit(number);
            at += entry->length;
        }
    }
    ::close(directory);
}

struct Status {
    char state = 'X';
    pid_t parent = 0;
    pid_t group = 0;
};

// The third to fifth field of /proc/PID/stat; the second may itself hold blanks and parentheses.
Status status_of(pid_t process) noexcept {
    Status status;
    const int file = ::open((ProcPath() / process / "stat").text(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return status;
    char text[512];
    const ssize_t size = ::read(file, text, sizeof text - 1);
    ::close(file);
    if (size <= 0) return status;
    text[size] = '\0';
    const char* at = std::strrchr(text, ')');
    if (at == nullptr || std::strlen(at) < 4) return status;
    status.state = at[2];
    at += 4;
    for (; *at >= '0' && *at <= '9'; ++at) status.parent = status.parent * 10 + (*at - '0');
    if (*at == ' ') ++at;
    for (; *at >= '0' && *at <= '9'; ++at) status.group = status.group * 10 + (*at - '0');
    return status;
}

template <typename Visit>
void for_each_child_by_scan(pid_t parent, Visit visit) noexcept {
    for_each_numbered_entry("/proc", [&](pid_t process) {
        if (status_of(process).parent == parent) visit(process);
    });
}

// A process has the children of each of its threads.
template <typename Visit>
void for_each_child(pid_t parent, Visit visit) noexcept {
    bool is_listed = true;
    const ProcPath threads = ProcPath() / parent / "task";
    for_each_numbered_entry(threads.text(), [&](pid_t thread) {
        is_listed = for_each_number((ProcPath(threads) / thread / "children").text(), visit) && is_listed;
    });
    if (!is_listed && ::access("/proc/thread-self/children", R_OK) != 0) for_each_child_by_scan(parent, visit);
}

void kill_number(pid_t process) noexcept { ::kill(process, SIGKILL); }

}  // namespace

std::size_t list_descendants(std::span<TreeProcess> found) noexcept {
    std::size_t count = 0;
    const auto add = [&](pid_t process) {
        if (count == found.size()) return;
        const Status status = status_of(process);
        found[count++] = {process, status.group, status.state};
    };
    for_each_child(::getpid(), add);
    for (std::size_t i = 0; i < count; ++i) for_each_child(found[i].id, add);
    return count;
}

void kill_all_descendants(pid_t group) noexcept {
    if (group > 1) ::kill(-group, SIGKILL);
    while (true) {
        if (!for_each_number("/proc/thread-self/children", kill_number)) {
            for_each_child_by_scan(::getpid(), kill_number);
        }
        // The children of what dies now become ours before it can be waited for.
        if (::waitpid(-1, nullptr, 0) < 0 && errno != EINTR) return;
    }
}

}  // namespace hostbridge
