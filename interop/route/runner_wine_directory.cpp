// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_directory.h"

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

}  // namespace

bool wine_can_start_in(const std::string& directory, const std::vector<WineDrive>& drives) {
    if (!names_same_file_for_wine(directory)) return false;
    const WineDrive* drive = closest_drive(directory, drives);
    if (drive == nullptr) return unix_root.size() + units(directory) <= longest_directory;
    return drive_name.size() + units(below_drive(directory, *drive)) <= longest_directory;
}

bool wine_can_start_in(const std::string& directory, const VariableLookup& lookup) {
    if (!names_same_file_for_wine(directory)) return false;
    if (unix_root.size() + directory.size() <= longest_directory) return true;
    return wine_can_start_in(directory, find_wine_drives(wine_prefix(lookup)));
}

}  // namespace interop
