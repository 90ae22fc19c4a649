// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_directory.h"

#include <algorithm>
#include <string_view>

#include "interop/text/utf16.h"
#include "interop/text/windows_file_name.h"

namespace interop {
namespace {

/// MAX_PATH without the NUL, and without the backslash that Wine puts behind it.
constexpr std::size_t longest_directory = 258;
constexpr std::string_view drive_name = "Z:";
/// What begins the name of a directory that no drive leads to.
constexpr std::string_view unix_root = R"(\\?\unix)";

std::size_t units(std::string_view text) {
    const auto wide = utf8_to_utf16(text);
    return wide ? wide->size() : text.size();
}

bool leads_to(const WineDrive& drive, std::string_view directory) {
    if (drive.directory == "/") return true;
    return directory.starts_with(drive.directory) &&
           (directory.size() == drive.directory.size() || directory[drive.directory.size()] == '/');
}

}  // namespace

bool wine_can_start_in(const std::string& directory, const std::vector<WineDrive>& drives) {
    if (!names_same_file_on_windows(directory)) return false;
    std::size_t replaced = 0;
    std::size_t prefix = unix_root.size();
    for (const WineDrive& drive : drives) {
        if (!leads_to(drive, directory)) continue;
        prefix = drive_name.size();
        if (drive.directory != "/") replaced = std::max(replaced, drive.directory.size());
    }
    return prefix + units(std::string_view(directory).substr(replaced)) <= longest_directory;
}

bool wine_can_start_in(const std::string& directory, const VariableLookup& lookup) {
    if (!names_same_file_on_windows(directory)) return false;
    if (unix_root.size() + directory.size() <= longest_directory) return true;
    return wine_can_start_in(directory, find_wine_drives(wine_prefix(lookup)));
}

}  // namespace interop
