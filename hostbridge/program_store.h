// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hostbridge/file_hold.h"
#include "hostbridge/process_launcher.h"
#include "hostbridge/program_store_layout.h"
#include "proto/base/result.h"
#include "proto/wire/sha256.h"

/// Programs that guests have sent, kept for the next time: in a directory of this user alone, by their contents, bounded in
/// size. Several agents may use one directory. Nothing here needs a loop or a lock of the caller's; all of it waits for the
/// disk.
namespace hostbridge {

/// A file of a program. The first one of a manifest is the program itself, the others are what is to be in its directory.
struct ManifestEntry {
    std::string name;
    std::uint64_t size = 0;
    proto::Digest sha256{};
};

/// What a manifest is known by: SHA-256 over u32 length and name, u64 size, and digest of each file in order. Little-endian.
proto::Digest manifest_digest(std::span<const ManifestEntry> entries);

/// Why the store does not take something, other than that the system has failed.
enum class StoreFault {
    refused = 1,  ///< Names that cannot be, or more than is kept.
    changed,      ///< A file is not what its manifest says.
    no_room,      ///< All that is kept is in use.
};

/// An Error of that kind; `sentence` is the whole message.
proto::Error store_error(StoreFault fault, std::string_view sentence);

/// The answer to a launch whose program could not be stored because of `error`.
LaunchFailure store_failure(const proto::Error& error);

/// A program that is complete in the store, as its manifest has it. As long as this lives nothing of it is removed to make
/// room. On Windows nobody can write to its files either; on Linux whoever is this user could, and would be found out
/// the next time only.
class StoredProgram {
  public:
    /// The path of the program.
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    friend class Upload;
    friend class ProgramStore;
    StoredProgram(std::string path, std::unique_ptr<FileHold> directory)
        : path_(std::move(path)), directory_(std::move(directory)) {}

    std::string path_;
    std::unique_ptr<FileHold> directory_;
    std::vector<std::unique_ptr<ReadableFile>> files_;  // only where it protects them
};

/// Files on their way into the store. Unless it comes to finish(), destroying it removes what it has written. For one thread at
/// a time.
class Upload {
  public:
    Upload(Upload&&) noexcept;
    Upload& operator=(Upload&&) = delete;
    ~Upload();

    /// Which files of the manifest have to come, in ascending order. All others are there, and were read to see that.
    [[nodiscard]] std::span<const std::uint32_t> wanted() const;

    /// The next bytes of the first file of wanted() that end_file() was not called for. More than it is to have are an Error.
    proto::Result<void> write(std::string_view bytes);

    /// Ends that file; an Error unless it is what the manifest says.
    proto::Result<void> end_file();

    /// Once end_file() has succeeded for all of wanted(): the program, whose files were all read again. The last call.
    proto::Result<StoredProgram> finish();

  private:
    friend class ProgramStore;
    struct State;
    explicit Upload(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

/// The store. What is in it is verified whenever it is used, so that nothing has to be flushed to the disk: files that a crash
/// has left incomplete are sent again.
class ProgramStore {
  public:
    /// `root` is made when it is needed; if others can use it nothing is stored. What is kept never exceeds `size_limit`
    /// bytes, and of what is not in use the program that was used longest ago makes room. 0: nothing is kept.
    ProgramStore(std::string root, std::uint64_t size_limit) : layout_(std::move(root)), size_limit_(size_limit) {}

    /// Looks for what is there of a program, and makes room for the rest.
    [[nodiscard]] proto::Result<Upload> begin(std::vector<ManifestEntry> entries) const;

    /// Stores a program that has come as a descriptor, with the base name of `guest_path` if it can have that. `program` is
    /// borrowed, its position is not moved.
    [[nodiscard]] proto::Result<StoredProgram> store_passed(uv_file program, std::string_view guest_path) const;

  private:
    proto::Result<void> check(std::span<const ManifestEntry> entries) const;

    StoreLayout layout_;
    std::uint64_t size_limit_;
};

}  // namespace hostbridge
