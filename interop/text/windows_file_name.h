// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace interop {

/// The longest name of a file that host and guest speak about, in bytes.
inline constexpr std::size_t longest_windows_file_name = 255;

/// Whether `name` is the name of a file and nothing else, on Windows too: UTF-8 of at most that length, no path, no stream, no
/// wildcard, no device, nothing that Windows would change (trailing dots and blanks). Pure.
/// Source: Microsoft, "Naming Files, Paths, and Namespaces".
bool is_windows_file_name(std::string_view name);

/// The same but for devices, which only the last name of a path can mean to Wine. Pure.
bool has_windows_name_form(std::string_view name);

/// Whether Wine would look for the very names of this path of Linux, absolute or not. It does not look at dots and blanks at the
/// end of one, takes a backslash in one for a separator, so that another file would be meant, and looks for no name with a
/// character that Windows forbids, but the colon. Pure.
bool names_same_file_for_wine(std::string_view posix_path);

/// `name` as Windows compares names of files: two whose forms are equal cannot be in one directory there. Empty if it is not UTF-8.
/// Case as in windows_upper_case(). Pure.
std::u16string windows_comparison_form(std::string_view name);

}  // namespace interop
