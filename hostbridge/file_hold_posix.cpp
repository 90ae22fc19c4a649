// SPDX-License-Identifier: MIT
#include "hostbridge/file_hold.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "hostbridge/uv/error.h"
#include "hostbridge/uv/file.h"
#include "interop/os/unique_fd.h"

namespace hostbridge {
namespace {

using interop::UniqueFd;

proto::Error system_error(int number, const std::string& doing) { return uv::error(-number, doing); }

// A lock goes when it is given back, not only when all descriptors of it are closed: a child that was just forked may still
// have one.
class FlockHold final : public FileHold {
  public:
    explicit FlockHold(UniqueFd file) : file_(std::move(file)) {}
    FlockHold(const FlockHold&) = delete;
    FlockHold& operator=(const FlockHold&) = delete;
    ~FlockHold() override { ::flock(file_.get(), LOCK_UN); }

  private:
    UniqueFd file_;
};

class PosixFile final : public ReadableFile {
  public:
    explicit PosixFile(UniqueFd file) : file_(std::move(file)) {}

    proto::Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) override {
        return uv::read_at(file_.get(), offset, buffer);
    }

  private:
    UniqueFd file_;
};

int flock_retrying(int file, int operation) {
    int result = 0;
    do result = ::flock(file, operation);
    while (result < 0 && errno == EINTR);
    return result;
}

UniqueFd open_directory(const std::string& path) {
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

}  // namespace

const bool held_files_are_protected = false;
const int finished_file_mode = 0500;

proto::Result<std::unique_ptr<ReadableFile>> open_file(const std::string& path) {
    // A fifo in its place must not block us.
    UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return system_error(errno, "open " + path);
    struct stat status {};
    if (::fstat(file.get(), &status) < 0) return system_error(errno, "look at " + path);
    if (!S_ISREG(status.st_mode)) return system_error(EACCES, "open " + path);
    return std::unique_ptr<ReadableFile>(std::make_unique<PosixFile>(std::move(file)));
}

proto::Result<std::unique_ptr<ReadableFile>> hold_file(const std::string& path) { return open_file(path); }

proto::Result<std::unique_ptr<FileHold>> hold_directory(const std::string& path) {
    UniqueFd file = open_directory(path);
    if (!file) return system_error(errno, "open " + path);
    if (flock_retrying(file.get(), LOCK_SH) < 0) return system_error(errno, "lock " + path);
    return std::unique_ptr<FileHold>(std::make_unique<FlockHold>(std::move(file)));
}

bool is_held(const std::string& path) {
    const UniqueFd file = open_directory(path);
    if (!file) return false;
    if (flock_retrying(file.get(), LOCK_EX | LOCK_NB) < 0) return true;
    ::flock(file.get(), LOCK_UN);
    return false;
}

bool is_in_its_place(const std::string&) { return true; }

proto::Result<std::unique_ptr<FileHold>> lock_file(const std::string& path) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return system_error(errno, "open " + path);
    if (flock_retrying(file.get(), LOCK_EX) < 0) return system_error(errno, "lock " + path);
    return std::unique_ptr<FileHold>(std::make_unique<FlockHold>(std::move(file)));
}

proto::Result<void> make_private_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) < 0 && errno != EEXIST) return system_error(errno, "make " + path);
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0) return system_error(errno, "look at " + path);
    if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
        return system_error(EPERM, "use " + path + " (it is not a directory of this user alone)");
    }
    return {};
}

bool is_usable_path(const std::string& path) {
    return path.size() < PATH_MAX && path.size() - (path.rfind('/') + 1) <= NAME_MAX;
}

bool is_in_use(const proto::Error&) { return false; }

std::string cache_directory() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    if (cache != nullptr && cache[0] == '/') return cache;
    if (home != nullptr && home[0] == '/') return std::string(home) + "/.cache";
    return "/var/cache";
}

}  // namespace hostbridge
