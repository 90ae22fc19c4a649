// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/route/runner_wine.h"
#include "interop/route/runner_wine_drives.h"

namespace interop {

/// Whether Wine can start a program in `directory`, which is absolute and without links. What it calls that, by the drive that
/// leads closest, may have 258 characters. Beyond that Wine 8 says on the program's standard error that it starts it in
/// C:\windows; with some 160 more it ends with 5 and without a word, and near PATH_MAX it crashes. And it has to be the
/// same directory for Wine: names_same_file_for_wine(). Pure.
bool wine_can_start_in(const std::string& directory, const std::vector<WineDrive>& drives);

/// The same with the drives of the prefix that Wine uses with this environment. They are looked at only if it depends on them.
bool wine_can_start_in(const std::string& directory, const VariableLookup& lookup);

}  // namespace interop
