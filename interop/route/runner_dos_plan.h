// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

/// What a DOS program gets to see of its arguments and of our directories. Pure.
namespace interop {

/// `text` with the letters a to z as capitals.
std::string dos_upper_case(std::string_view text);

/// Whether DOS knows a file of this name by just this name: at most eight characters and three after the point, of
/// those that DOS allows, in either case, and not a device's.
bool is_short_name(std::string_view name);

/// The end of the command line as a program finds it in its PSP, without the length and the CR. Arguments with blanks,
/// and empty ones, get double quotes. The Error is E2BIG if it is over 126 bytes, EINVAL for an argument that holds a line
/// end or a NUL.
proto::Result<std::string> dos_command_tail(const std::vector<std::string>& arguments);

/// Which of our directories are which drives.
struct DosDrives {
    std::string c;                  ///< The directory that is C:.
    std::string d;                  ///< That of D:, empty if there is none.
    char current = 'C';             ///< The drive of the working directory.
    std::string working_directory;  ///< On that drive: "\" or "\SUB\DIR".
    std::string program_directory;  ///< "C:\" or "C:\SUB\", always with the backslash.
};

/// One drive if the program's directory and the working directory are the same, or if one is below the other by short
/// names only; else C: is the program's and D: the working directory. Both are absolute and without symbolic links.
/// `is_unique` says whether a directory has no second entry of that name in another case, which DOS could mean as well.
DosDrives plan_dos_drives(const std::string& program_directory, const std::string& working_directory,
                          const std::function<bool(const std::string& directory, const std::string& name)>& is_unique);

}  // namespace interop
