// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "proto/base/result.h"
#include "proto/wire/authentication.h"

namespace hostbridge {

/// Reads the keys of `path` (format: proto::parse_key_file). A file that others than its owner can read, or
/// that belongs to somebody else than this user or the administrator, is refused.
proto::Result<std::vector<proto::Key>> read_key_file(const std::string& path);

/// Makes `path` with a new random key named "default", readable by this user only. Never overwrites.
proto::Result<void> create_key_file(const std::string& path);

}  // namespace hostbridge
