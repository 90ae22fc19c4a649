// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/image/identify.h"
#include "interop/route/runner_wine.h"
#include "interop/route/runner_wine_drives.h"
#include "proto/base/result.h"

namespace interop {

/// What Wine calls the file at `path`, which is absolute and without links: "Z:\home\x.bat", by the drive that leads closest.
/// An Error is a sentence: no drive leads there, or a name on the way means something else to Windows. Pure.
proto::Result<std::string> wine_path(const std::string& path, const std::vector<WineDrive>& drives);

/// Whether Wine reads arguments and variables as UTF-8 with this environment: its locale is one for UTF-8, and installed. In
/// another one Wine takes the bytes one by one, in the C locale without their highest bit, which makes " and & of letters.
bool has_utf8_locale(const VariableLookup& lookup);

/// Whether glibc's locale-archive has a locale of this name, which is written as glibc does ("de_DE.utf8"). Pure.
bool locale_archive_has(const ReadAt& archive, std::string_view name);

/// cmd.exe of the prefix: never one that lies where the program is started.
inline constexpr const char* wine_cmd = "C:\\windows\\system32\\cmd.exe";

/// What to give wine_cmd so that it runs the batch file: the words behind it, and the variable in which the command is. A
/// command given as words would be quoted by Wine for programs and not for cmd.exe, which would run what stands behind a & in
/// it. This one is expanded by cmd.exe before it looks for anything else in it, so that it is read as if it had been typed.
struct WineBatch {
    std::vector<std::string> words;
    std::string variable;  ///< Its name; others that differ only in case must not be there.
    std::string command;
};

/// Pure. An Error is a sentence, or a CommandLineFault that names the argument: `arguments` is argv[1] and what follows.
proto::Result<WineBatch> prepare_wine_batch(const std::string& path, const std::vector<std::string>& arguments,
                                            const std::vector<WineDrive>& drives, bool reads_utf8);

}  // namespace interop
