// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hostbridge/uv/descriptor.h"
#include "proto/base/result.h"

/// Blocking file operations that are the same on both systems, for the work queue. Paths are UTF-8 on Windows.
namespace hostbridge::uv {

/// Opens a file for reading; not inheritable.
proto::Result<Descriptor> open_for_reading(const std::string& path);

/// Makes a file, which must not exist, for writing; not inheritable.
proto::Result<Descriptor> create_file(const std::string& path, int mode);

proto::Result<uv_stat_t> stat_path(const std::string& path);

/// The same of a link itself.
proto::Result<uv_stat_t> stat_link(const std::string& path);
proto::Result<uv_stat_t> stat_file(uv_file file);

/// Reads at `offset` until `buffer` is full or the file ends; returns how much was read.
proto::Result<std::size_t> read_at(uv_file file, std::uint64_t offset, std::span<char> buffer);

/// Writes all of `bytes` where the file's position is.
proto::Result<void> write_all(uv_file file, std::string_view bytes);

/// The names in a directory, in no order.
proto::Result<std::vector<std::string>> list_directory(const std::string& path);

proto::Result<void> make_directory(const std::string& path, int mode);

/// Replaces a file that is at `to`, in one step.
proto::Result<void> rename(const std::string& from, const std::string& to);

/// Gives a file a second name, or where that is not possible a copy. `to` must not exist.
proto::Result<void> link_or_copy(const std::string& from, const std::string& to);

proto::Result<void> remove_file(const std::string& path);

/// An empty one.
proto::Result<void> remove_directory(const std::string& path);

/// Where this user's files are; empty if the system does not know.
std::string home_directory();

/// Sets the time at which a file or directory was last used and changed.
proto::Result<void> set_times(const std::string& path, double seconds_since_1970);

inline bool is_directory(const uv_stat_t& stat) { return (stat.st_mode & 0170000u) == 0040000u; }
inline bool is_regular_file(const uv_stat_t& stat) { return (stat.st_mode & 0170000u) == 0100000u; }

}  // namespace hostbridge::uv
