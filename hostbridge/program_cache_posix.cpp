// SPDX-License-Identifier: MIT
#include "hostbridge/program_cache_posix.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "interop/os/unique_fd.h"
#include "proto/wire/sha256.h"

namespace hostbridge {
namespace {

using interop::UniqueFd;
namespace fs = std::filesystem;

constexpr std::uint64_t cache_size_limit = 1ull << 30;

// Reads `file` from its beginning, at most `limit` bytes, and gives every piece to `consume`.
template <typename Consume>
proto::Result<void> read_through(int file, std::uint64_t limit, Consume consume) {
    std::vector<char> buffer(256 << 10);
    std::uint64_t offset = 0;
    while (true) {
        const ssize_t size = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return proto::errno_error(errno, "read the passed program");
        if (size == 0) return {};
        offset += static_cast<std::uint64_t>(size);
        if (offset > limit) return proto::errno_error(EFBIG, "cache the passed program");
        if (auto consumed = consume(std::string_view(buffer.data(), static_cast<std::size_t>(size))); !consumed)
            return consumed;
    }
}

proto::Result<std::string> digest_of(int file, std::uint64_t limit) {
    proto::Sha256 digest;
    auto read = read_through(file, limit, [&](std::string_view bytes) {
        digest.add(bytes);
        return proto::Result<void>();
    });
    if (!read) return read.error();
    return proto::to_hex(digest.finish());
}

proto::Result<void> write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t size = ::write(file, bytes.data(), bytes.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return proto::errno_error(errno, "write to the program cache");
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return {};
}

// Somebody who could write here could choose what other launches run.
proto::Result<void> make_private_directory(const std::string& path) {
    std::error_code failure;
    fs::create_directories(fs::path(path).parent_path(), failure);
    if (::mkdir(path.c_str(), 0700) < 0 && errno != EEXIST) return proto::errno_error(errno, "make " + path);
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0) return proto::errno_error(errno, "look at " + path);
    if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
        return proto::errno_error(EPERM, "use " + path + " (it is not a directory of this user alone)");
    }
    return {};
}

std::string base_name(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
    return name.empty() || name == "." || name == ".." ? "program.exe" : std::string(name);
}

struct Entry {
    fs::path directory;
    fs::file_time_type used;
    std::uint64_t size = 0;
};

std::vector<Entry> entries_of(const std::string& root) {
    std::vector<Entry> entries;
    std::error_code failure;
    for (const auto& directory : fs::directory_iterator(root, failure)) {
        Entry entry{directory.path(), directory.last_write_time(failure), 0};
        for (const auto& file : fs::directory_iterator(directory.path(), failure))
            entry.size += file.file_size(failure);
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace

proto::Result<std::string> DirectoryProgramCache::store(uv_file program, std::string_view guest_path) {
    struct stat status {};
    if (::fstat(program, &status) < 0) return proto::errno_error(errno, "look at the passed program");
    if (!S_ISREG(status.st_mode)) return proto::errno_error(EACCES, "use the passed program");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > size_limit_) return proto::errno_error(EFBIG, "cache the passed program");
    const auto digest = digest_of(program, size);
    if (!digest) return digest.error();
    if (auto made = make_private_directory(root_); !made) return made.error();
    const std::string name = base_name(guest_path);
    const std::string path = root_ + "/" + *digest + "/" + name;
    if (const UniqueFd cached(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)); cached) {
        if (const auto seen = digest_of(cached.get(), size_limit_); seen && *seen == *digest) {
            ::utimensat(AT_FDCWD, (root_ + "/" + *digest).c_str(), nullptr, 0);
            return path;
        }
    }
    return copy(program, size, *digest, name);
}

// The room and the directory of one copy, from make_room() to the end of the copy.
class DirectoryProgramCache::Reservation {
  public:
    Reservation(DirectoryProgramCache& cache, std::uint64_t size, std::string digest)
        : cache_(cache), size_(size), digest_(std::move(digest)) {}
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    ~Reservation() {
        const std::lock_guard lock(cache_.mutex_);
        cache_.reserved_ -= size_;
        cache_.under_way_.erase(cache_.under_way_.find(digest_));
    }

  private:
    DirectoryProgramCache& cache_;
    std::uint64_t size_;
    std::string digest_;
};

proto::Result<std::string> DirectoryProgramCache::copy(int program, std::uint64_t size, const std::string& digest,
                                                       const std::string& name) {
    if (auto made = make_room(size, digest); !made) return made.error();
    const Reservation reservation(*this, size, digest);
    const std::string directory = root_ + "/" + digest;
    if (auto made = make_private_directory(directory); !made) return made.error();
    std::string temporary = directory + "/.XXXXXX";
    UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!file) return proto::errno_error(errno, "write to the program cache");
    proto::Sha256 written;
    auto copied = read_through(program, size, [&](std::string_view bytes) {
        written.add(bytes);
        return write_all(file.get(), bytes);
    });
    // The file may have been changed between the two readings.
    if (copied && proto::to_hex(written.finish()) != digest)
        copied = proto::errno_error(EBUSY, "cache the passed program (it is being changed)");
    const std::string path = directory + "/" + name;
    if (copied && (::fchmod(file.get(), 0500) < 0 || ::rename(temporary.c_str(), path.c_str()) < 0)) {
        copied = proto::errno_error(errno, "write to the program cache");
    }
    if (!copied) {
        ::unlink(temporary.c_str());
        return copied.error();
    }
    return path;
}

// Reserves it, too; the caller gives it back.
proto::Result<void> DirectoryProgramCache::make_room(std::uint64_t size, const std::string& digest) {
    const std::lock_guard lock(mutex_);
    if (size + reserved_ > size_limit_) {
        return proto::errno_error(EAGAIN, "cache the passed program (others are being copied)");
    }
    auto entries = entries_of(root_);
    std::ranges::sort(entries, {}, &Entry::used);
    // What is under way is counted by what was reserved for it.
    std::erase_if(entries, [&](const Entry& entry) { return under_way_.contains(entry.directory.filename()); });
    std::uint64_t total = size + reserved_;
    for (const auto& entry : entries) total += entry.size;
    // A running program keeps its file though its name is gone.
    std::error_code failure;
    for (auto entry = entries.begin(); total > size_limit_ && entry != entries.end(); ++entry) {
        fs::remove_all(entry->directory, failure);
        total -= entry->size;
    }
    reserved_ += size;
    under_way_.insert(digest);
    return {};
}

std::unique_ptr<ProgramCache> make_program_cache() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    std::string root;
    if (cache != nullptr && cache[0] == '/') {
        root = cache;
    } else if (home != nullptr && home[0] == '/') {
        root = std::string(home) + "/.cache";
    } else {
        root = "/var/cache";
    }
    return std::make_unique<DirectoryProgramCache>(root + "/mzinit/programs", cache_size_limit);
}

}  // namespace hostbridge
