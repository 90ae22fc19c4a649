// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Programs that a client names without a path (Launch.host_name): which files such a name may mean.
/// Pure, and the same on both systems.
namespace hostbridge {

/// Extensions, with their dots, of files that CreateProcess can start; in the order of `path_ext` (PATHEXT, "." and
/// semicolons), which may hold others. The usual ones if it holds none of them.
std::vector<std::string> startable_extensions(std::string_view path_ext);

/// Whether `name` ends with one of them, whatever its case, and has something before it.
bool has_one_of(std::string_view name, const std::vector<std::string>& extensions);

/// The names of the files that `name` may mean, in order: itself if it has one of the extensions (whatever its case), then with
/// each of them.
std::vector<std::string> candidate_names(std::string_view name, const std::vector<std::string>& extensions);

/// The parts of a search path that are absolute on this system; the others would depend on where the agent was started.
/// Quotes around a part, as Windows knows them, are taken off.
std::vector<std::string> search_directories(std::string_view search_path, char separator);

}  // namespace hostbridge
