// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <memory>
#include <string>
#include <string_view>

#include "proto/base/result.h"

namespace hostbridge {

/// Keeps copies of programs that were passed as descriptors and that we cannot start from where the guest has
/// them: in a directory of this user's only, named by their contents, bounded in size.
class ProgramCache {
  public:
    virtual ~ProgramCache() = default;

    /// The path of a file with the contents of `program` and the base name of `guest_path`. Blocks; from any
    /// thread. `program` is borrowed, its position is not moved.
    virtual proto::Result<std::string> store(uv_file program, std::string_view guest_path) = 0;
};

/// The cache under $XDG_CACHE_HOME or ~/.cache; null on systems without descriptor passing. The directory is
/// made when it is needed.
std::unique_ptr<ProgramCache> make_program_cache();

}  // namespace hostbridge
