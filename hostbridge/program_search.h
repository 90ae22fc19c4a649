// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hostbridge {

/// A program of this host that was asked for by its name.
struct NamedProgram {
    std::string path;      ///< What to start.
    std::string contents;  ///< Where its contents are: another file for an execution alias of Windows, else `path`.
};

/// Looks for the program that `name`, an interop::is_windows_file_name(), means to the agent's user. Never in the working directory.
/// Blocks for the disk: on the work queue.
/// Windows: on the user's PATH by PATHEXT, among App Paths, among the execution aliases. Linux: on the agent's PATH, then
/// among the programs of its Wine prefix; only files that begin with "MZ", so that no program for Linux is ever meant.
std::optional<NamedProgram> find_named_program(std::string_view name);

/// Calls `found` with the name, extension included, of each file that find_named_program() would find by it, until that returns false.
/// In any order, some more than once, and some perhaps no interop::is_windows_file_name(). Directories on the network come last on Windows.
/// Blocks for the disk, and as long as a network drive that is gone makes it.
void list_named_programs(const std::function<bool(std::string)>& found);

}  // namespace hostbridge
