// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>

#include "hostbridge/program_cache.h"

namespace hostbridge {

/// A ProgramCache in ROOT/<sha256>/<base name>.
class DirectoryProgramCache final : public ProgramCache {
  public:
    /// `root` is a directory of ours alone, made when it is needed. Programs together never exceed `size_limit` bytes;
    /// those that were used longest ago make room.
    DirectoryProgramCache(std::string root, std::uint64_t size_limit)
        : root_(std::move(root)), size_limit_(size_limit) {}

    proto::Result<std::string> store(uv_file program, std::string_view guest_path) override;

  private:
    class Reservation;

    proto::Result<std::string> copy(int program, std::uint64_t size, const std::string& digest,
                                    const std::string& name);
    proto::Result<void> make_room(std::uint64_t size, const std::string& digest);

    std::string root_;
    std::uint64_t size_limit_;
    // Held to look after the directories, never while a program is read: that may be on a slow disk of the client's.
    std::mutex mutex_;
    std::uint64_t reserved_ = 0;            // for the copies under way
    std::multiset<std::string> under_way_;  // their digests
};

}  // namespace hostbridge
