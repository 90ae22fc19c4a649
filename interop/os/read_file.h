// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/base/result.h"

namespace interop {

/// The whole file, at most `limit` bytes; a larger one is EFBIG. It may be a pipe, but one that is silent for a second is ETIMEDOUT.
proto::Result<std::string> read_file(const std::string& path, std::size_t limit);

/// As read_file, for secrets: EACCES unless the file is a regular one that belongs to us or to root and that nobody
/// else may read or write.
proto::Result<std::string> read_private_file(const std::string& path, std::size_t limit);

}  // namespace interop
