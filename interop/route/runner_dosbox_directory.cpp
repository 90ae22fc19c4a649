// SPDX-License-Identifier: MIT
#include "interop/route/runner_dosbox_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "interop/os/signals.h"

namespace interop {
namespace {

constexpr int deepest_directory = 32;  // deeper than the paths that DOS can name

void remove_entries(int directory, int depth) {
    const UniqueFd listed(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR* entries = listed ? ::fdopendir(::dup(listed.get())) : nullptr;
    if (entries == nullptr) return;
    while (const dirent* entry = ::readdir(entries)) {
        if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
        if (::unlinkat(directory, entry->d_name, 0) == 0 || depth == 0) continue;
        const UniqueFd below(::openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!below) continue;
        remove_entries(below.get(), depth - 1);
        ::unlinkat(directory, entry->d_name, AT_REMOVEDIR);
    }
    ::closedir(entries);
}

void remove_tree(const char* path) {
    if (const UniqueFd directory(::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)); directory) {
        remove_entries(directory.get(), deepest_directory);
    }
    ::rmdir(path);
}

std::vector<std::string> possible_parents() {
    std::vector<std::string> parents;
    for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value == '/') parents.emplace_back(value);
    }
    parents.emplace_back("/tmp");
    return parents;
}

constexpr char name_start[] = "mzinit-dos.";

/// Says to remove_abandoned_dosbox_directories() that it is in use, for as long as this process, or what it shares the
/// descriptor with, lives.
UniqueFd hold(const std::string& path) {
    UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (directory && ::flock(directory.get(), LOCK_SH | LOCK_NB) != 0) directory.reset();
    return directory;
}

/// What the guard says first: the errno of the last try, or 0 and then the path.
constexpr std::size_t longest_report = sizeof(int) + PATH_MAX;

bool is_still_called(int directory, const std::string& path) {
    struct stat open {};
    struct stat named {};
    return ::fstat(directory, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
           open.st_dev == named.st_dev;
}

/// The errno of a failure, or 0.
int make_held_directory(const std::string& parent, std::string& path, UniqueFd& held) {
    constexpr int most_tries = 16;
    for (int tries = 0; tries < most_tries; ++tries) {
        path = parent + "/" + name_start + "XXXXXX";
        if (::mkdtemp(path.data()) == nullptr) return errno;
        held = hold(path);
        // Before we held it, somebody who cleans up may have taken it for abandoned.
        if (held && is_still_called(held.get(), path)) return 0;
    }
    return EAGAIN;
}

std::string make_directory(const std::vector<std::string>& parents, UniqueFd& held) {
    int reason = 0;
    std::string path;
    for (const std::string& parent : parents) {
        reason = make_held_directory(parent, path, held);
        if (reason == 0) break;
        path.clear();
    }
    std::string report(sizeof reason, '\0');
    std::memcpy(report.data(), &reason, sizeof reason);
    return report + path;
}

[[noreturn]] void guard(int socket, const std::vector<std::string>& parents) {
    ::setsid();
    block_signals();  // it ends by its socket alone
    ::prctl(PR_SET_NAME, "mzinit-guard");
    ::dup2(socket, 0);
    if (::syscall(SYS_close_range, 1, ~0U, 0) != 0) {
        for (int fd = 1; fd < 1024; ++fd) ::close(fd);
    }
    UniqueFd held;
    const std::string report = make_directory(parents, held);
    // If nobody hears that any more, the next line sees it too.
    static_cast<void>(::send(0, report.data(), report.size(), MSG_NOSIGNAL));
    // Nobody waits for us meanwhile.
    remove_abandoned_dosbox_directories();
    char byte = 0;
    while (::read(0, &byte, 1) < 0 && errno == EINTR) {
    }
    if (report.size() > sizeof(int)) remove_tree(report.c_str() + sizeof(int));
    ::_exit(0);
}

}  // namespace

proto::Result<DosboxDirectory> DosboxDirectory::make() {
    DosboxDirectory directory;
    if (auto started = directory.start_guard(); !started) return started.error();
    return directory;
}

DosboxDirectory::DosboxDirectory(DosboxDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      held_(std::move(other.held_)),
      guard_socket_(std::move(other.guard_socket_)),
      guard_(std::exchange(other.guard_, -1)) {}

proto::Result<void> DosboxDirectory::start_guard() {
    const std::vector<std::string> parents = possible_parents();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return proto::errno_error(errno, "make a socket pair");
    guard_socket_.reset(ends[0]);
    UniqueFd guards_end(ends[1]);
    guard_ = ::fork();
    if (guard_ == 0) guard(guards_end.get(), parents);
    if (guard_ < 0) return proto::errno_error(errno, "start a process");
    guards_end.reset();
    std::string report(longest_report, '\0');
    ssize_t size = 0;
    while ((size = ::recv(guard_socket_.get(), report.data(), report.size(), 0)) < 0 && errno == EINTR) {
    }
    int reason = EPIPE;  // the guard was killed
    if (size >= static_cast<ssize_t>(sizeof reason)) std::memcpy(&reason, report.data(), sizeof reason);
    if (reason == 0) {
        path_ = report.substr(sizeof reason, static_cast<std::size_t>(size) - sizeof reason);
        held_ = hold(path_);
        return {};
    }
    std::string tried;
    for (const std::string& parent : parents) tried += (tried.empty() ? "" : ", ") + parent;
    return proto::errno_error(reason, "make a temporary directory in " + tried);
}

proto::Result<void> DosboxDirectory::add_file(const std::string& name, std::string_view content) {
    const std::string path = path_ + "/" + name;
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return proto::errno_error(errno, "create " + path);
    while (!content.empty()) {
        const ssize_t size = ::write(file.get(), content.data(), content.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return proto::errno_error(errno, "write " + path);
        content.remove_prefix(static_cast<std::size_t>(size));
    }
    return {};
}

proto::Result<void> DosboxDirectory::add_link(const std::string& name, const std::string& target) {
    const std::string path = path_ + "/" + name;
    if (::symlink(target.c_str(), path.c_str()) != 0) return proto::errno_error(errno, "create " + path);
    return {};
}

void DosboxDirectory::remove() {
    if (guard_socket_) ::shutdown(guard_socket_.get(), SHUT_RDWR);
    guard_socket_.reset();
    if (const pid_t guard = std::exchange(guard_, -1); guard > 0) {
        while (::waitpid(guard, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    held_.reset();
    // Should the guard have been killed.
    if (const std::string path = std::exchange(path_, {}); !path.empty()) remove_tree(path.c_str());
}

void remove_abandoned_dosbox_directories() {
    for (const std::string& parent : possible_parents()) {
        DIR* entries = ::opendir(parent.c_str());
        if (entries == nullptr) continue;
        while (const dirent* entry = ::readdir(entries)) {
            if (!std::string_view(entry->d_name).starts_with(name_start)) continue;
            struct stat status {};
            if (::fstatat(::dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
            if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) continue;
            const std::string path = parent + "/" + entry->d_name;
            const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (directory && ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) remove_tree(path.c_str());
        }
        ::closedir(entries);
    }
}

}  // namespace interop
