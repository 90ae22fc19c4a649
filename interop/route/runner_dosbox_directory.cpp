// SPDX-License-Identifier: MIT
#include "interop/route/runner_dosbox_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
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

[[noreturn]] void guard(int pipe_end, const char* path) {
    ::setsid();
    block_signals();  // it ends by the pipe alone
    ::prctl(PR_SET_NAME, "mzinit-guard");
    ::dup2(pipe_end, 0);
    if (::syscall(SYS_close_range, 1, ~0U, 0) != 0) {
        for (int fd = 1; fd < 1024; ++fd) ::close(fd);
    }
    static_cast<void>(::chdir("/"));
    char byte = 0;
    while (::read(0, &byte, 1) < 0 && errno == EINTR) {
    }
    remove_tree(path);
    ::_exit(0);
}

proto::Result<std::string> make_private_directory() {
    std::vector<std::string> parents;
    for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value == '/') parents.emplace_back(value);
    }
    parents.emplace_back("/tmp");
    int reason = 0;
    for (const std::string& parent : parents) {
        std::string path = parent + "/mzinit-dos.XXXXXX";
        if (::mkdtemp(path.data()) != nullptr) return path;
        reason = errno;
    }
    std::string tried;
    for (const std::string& parent : parents) tried += (tried.empty() ? "" : ", ") + parent;
    return proto::errno_error(reason, "make a temporary directory in " + tried);
}

}  // namespace

proto::Result<DosboxDirectory> DosboxDirectory::make() {
    auto path = make_private_directory();
    if (!path) return path.error();
    DosboxDirectory directory;
    directory.path_ = std::move(*path);
    if (auto started = directory.start_guard(); !started) return started.error();
    return directory;
}

DosboxDirectory::DosboxDirectory(DosboxDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      guard_pipe_(std::move(other.guard_pipe_)),
      guard_(std::exchange(other.guard_, -1)) {}

proto::Result<void> DosboxDirectory::start_guard() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, "make a pipe");
    const UniqueFd guards_end(ends[0]);
    guard_pipe_.reset(ends[1]);
    guard_ = ::fork();
    if (guard_ == 0) guard(guards_end.get(), path_.c_str());
    if (guard_ < 0) return proto::errno_error(errno, "start a process");
    return {};
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
    if (path_.empty()) return;
    guard_pipe_.reset();
    if (guard_ > 0) {
        while (::waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    // Should the guard have been killed.
    remove_tree(std::exchange(path_, {}).c_str());
}

}  // namespace interop
