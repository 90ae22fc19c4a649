// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interop/os/unique_fd.h"
#include "interop/session/program_file.h"
#include "proto/base/result.h"

namespace interop {

/// A file of a program that is to be sent to the host.
struct ProgramPart {
    std::string name;  ///< Bare, as the host will see it: is_windows_file_name(), unique without case.
    UniqueFd fd;  ///< Of a regular file, open for reading. That of the program shares its position with ProgramFile's.
    std::uint64_t size = 0;  ///< When it was opened, in bytes.
};

/// The files that the host needs to run `program`: it first, under its own name; then those of `with`, paths of files and of
/// directories, of which all regular files count; then what the program asks for and what lies beside it: the DLLs that it imports,
/// and what .NET wants, and what those want in turn; at most max_manifest_files. Where a file of `with` has the name of such a one, it takes its place.
/// Nothing is looked for elsewhere, so no DLL of the system is among them. Error: a sentence for the user.
proto::Result<std::vector<ProgramPart>> find_program_parts(const ProgramFile& program,
                                                           const std::vector<std::string>& with);

}  // namespace interop
