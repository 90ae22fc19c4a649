// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace interop {

/// The first path of that name in the directories of `search_path` for which `exists` says yes. Empty entries, which mean
/// the working directory, are passed over: a program must not be replaced by what lies where it is started.
std::optional<std::string> find_on_path(const std::function<bool(const std::string& path)>& exists,
                                        std::string_view search_path, std::string_view name);

/// Whether `path` is a regular file that we may execute.
bool is_executable_file(const std::string& path);

}  // namespace interop
