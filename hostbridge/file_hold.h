// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "proto/base/result.h"

/// How several agents of one user, and the threads of each, keep out of each other's way in one directory. Everything here
/// blocks; paths are UTF-8 on Windows.
namespace hostbridge {

/// Something of the file system that is ours until this is destroyed, or the process ends in whatever way.
class FileHold {
  public:
    virtual ~FileHold() = default;
};

/// A file that is open for reading.
class ReadableFile : public FileHold {
  public:
    /// Reads at `offset` until `buffer` is full or the file ends; returns how much was read.
    virtual proto::Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) = 0;
};

/// Whether nobody can write to, remove or replace a file that is held, nor remove another name of it. Linux has nothing of that
/// kind.
extern const bool held_files_are_protected;

/// The mode with which to make a file that nobody shall write to any more once it was written.
extern const int finished_file_mode;

/// Opens a regular file, and keeps nobody from doing anything with it; links are not followed on Linux.
proto::Result<std::unique_ptr<ReadableFile>> open_file(const std::string& path);

/// Opens a regular file as open_file() does, and holds it. On Windows that fails, with an error that is_in_use(), while somebody
/// removes or renames it, under whichever of its names.
proto::Result<std::unique_ptr<ReadableFile>> hold_file(const std::string& path);

/// Lets is_held() be true of a directory. Many may hold one. On Windows it can be neither renamed nor removed meanwhile.
proto::Result<std::unique_ptr<FileHold>> hold_directory(const std::string& path);

/// Whether anybody holds the directory, we ourselves included. Reliable only where all who call hold_directory() have the same
/// lock.
bool is_held(const std::string& path);

/// Whether the last name of this path is that of what is there. It is not where a link leads elsewhere that lstat() does not
/// show, as Wine does not show those of Unix: who removes or renames that path does so to what the link leads to. True if this
/// cannot be found out, as for what is not there.
bool is_in_its_place(const std::string& path);

/// Waits until nobody else has the lock that is the file `path`, which is made if there is none.
proto::Result<std::unique_ptr<FileHold>> lock_file(const std::string& path);

/// Makes a directory that only this user can use, if there is none. One that others can use is an error.
proto::Result<void> make_private_directory(const std::string& path);

/// Whether a program can be started, and a library loaded, by this path: on Windows it may have 259 UTF-16 units, on Linux each
/// system call has its limits.
bool is_usable_path(const std::string& path);

/// Whether something of the file system could not be changed because somebody else has it open, for a moment perhaps. Windows
/// says so of what a virus scanner looks at, and it looks at everything that was just written.
bool is_in_use(const proto::Error& error);

/// Where this user keeps what can be got again.
std::string cache_directory();

}  // namespace hostbridge
