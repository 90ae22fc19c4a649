// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "hostbridge/uv/descriptor.h"
#include "proto/base/result.h"

/// Blocking file operations that are the same on both systems, for the work queue. Paths are UTF-8 on Windows.
namespace hostbridge::uv {

/// Opens a file for reading; not inheritable.
proto::Result<Descriptor> open_for_reading(const std::string& path);

proto::Result<uv_stat_t> stat_path(const std::string& path);
proto::Result<uv_stat_t> stat_file(uv_file file);

/// Reads at `offset` until `buffer` is full or the file ends; returns how much was read.
proto::Result<std::size_t> read_at(uv_file file, std::uint64_t offset, std::span<char> buffer);

inline bool is_directory(const uv_stat_t& stat) { return (stat.st_mode & 0170000u) == 0040000u; }
inline bool is_regular_file(const uv_stat_t& stat) { return (stat.st_mode & 0170000u) == 0100000u; }

}  // namespace hostbridge::uv
