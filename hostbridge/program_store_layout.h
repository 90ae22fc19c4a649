// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hostbridge/file_hold.h"
#include "proto/base/result.h"
#include "proto/wire/sha256.h"

namespace hostbridge {

/// Where things are in a program store, and what is removed from it:
///
///     lock                             held while anything of the following changes its name, and no longer
///     files/SHA256                     each content once
///     programs/HALF/NAME               the same files, by links, or copies where the file system has no links; HALF is the
///                                      first half of the SHA-256 of the manifest, since Windows has room for 259 characters
///     incoming/RANDOM/NAME             a program that is not complete; held as long as somebody works on it
///     incoming/RANDOM.BYTES            how much room is reserved for it
///
/// Anything else in there is left alone, and not counted, but in the directory of a program that is not in use: there it is
/// removed before the program is used again.
class StoreLayout {
  public:
    explicit StoreLayout(std::string root) : root_(std::move(root)) {}

    /// Makes the directories, if they are missing. An Error if others can use the root.
    [[nodiscard]] proto::Result<void> make_directories() const;

    [[nodiscard]] proto::Result<std::unique_ptr<FileHold>> lock() const { return lock_file(root_ + "/lock"); }
    [[nodiscard]] std::string file(const proto::Digest& content) const {
        return files() + "/" + proto::to_hex(content);
    }
    [[nodiscard]] std::string program(const proto::Digest& manifest) const {
        // Two manifests with one directory would cost no more than that they replace each other: what is in it is compared with
        // the manifest whenever it is used.
        return programs() + "/" + proto::to_hex(manifest).substr(0, proto::limits::digest_length);
    }
    [[nodiscard]] std::string incoming(const std::string& random) const { return incoming() + "/" + random; }
    [[nodiscard]] std::string reservation(const std::string& random, std::uint64_t bytes) const {
        return incoming(random) + "." + std::to_string(bytes);
    }

    // --- with the lock held -----------------------------------------------------------------------------------------

    /// Removes what uploads have left behind that were ended by force.
    void remove_litter() const;

    /// Sees to it that `wanted` bytes more than what is there and what is reserved are within `limit`. StoreFault::no_room if
    /// too much is in use.
    [[nodiscard]] proto::Result<void> make_room(std::uint64_t wanted, std::uint64_t limit) const;

  private:
    [[nodiscard]] std::string files() const { return root_ + "/files"; }
    [[nodiscard]] std::string programs() const { return root_ + "/programs"; }
    [[nodiscard]] std::string incoming() const { return root_ + "/incoming"; }
    [[nodiscard]] std::uint64_t reserved() const;
    [[nodiscard]] bool evict(const std::string& program) const;

    class Inventory;

    std::string root_;
};

/// Removes a file, or a directory with everything in it, if that is in its place (file_hold.h). What cannot be removed stays.
void remove_from_store(const std::string& path);

/// A name for a directory in incoming/ that nobody has guessed.
proto::Result<std::string> random_name();

}  // namespace hostbridge
