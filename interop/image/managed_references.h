// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interop/image/identify.h"

namespace interop {

/// How many rows of a table of references are looked at, and how long a name in it may be, in bytes.
inline constexpr unsigned most_managed_references = 1024;
inline constexpr std::size_t longest_managed_reference = 255;

/// What a .NET image refers to by name, in the order of its tables; bare names only.
struct ManagedReferences {
    std::vector<std::string> assemblies;  ///< As "System.Core", without the extension of their files.
    std::vector<std::string> modules;     ///< Native libraries (DllImport), and other modules of the same assembly.
};

/// What stands in the metadata tables AssemblyRef and ModuleRef; nothing if the bytes are no .NET image, or its metadata is not
/// all there. Hostile bytes cost at most two reads of 4 KiB for each row.
/// Source: ECMA-335, II.22 to II.24.
ManagedReferences find_managed_references(const ReadAt& read_at, std::uint64_t file_size);

}  // namespace interop
