// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace interop {

/// A drive of a Wine prefix.
struct WineDrive {
    char letter;            ///< Upper case.
    std::string directory;  ///< Where it leads, absolute and without links; "/" for the root directory.
};

/// The drives of `prefix`; those that Wine will make if it is not there yet.
std::vector<WineDrive> find_wine_drives(const std::string& prefix);

/// The drive that leads closest to `path`, which is absolute and without links: to its directory, or one above. Null if none
/// does. Pure.
const WineDrive* closest_drive(std::string_view path, const std::vector<WineDrive>& drives);

/// What of `path` is below the directory of `drive`, which leads to it: empty, or with a slash before it. Pure.
std::string_view below_drive(std::string_view path, const WineDrive& drive);

}  // namespace interop
