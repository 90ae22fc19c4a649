// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interop/image/identify.h"

namespace interop {

/// How many entries of an import table are looked at, and how long a name in it may be, in bytes.
inline constexpr unsigned most_imported_dlls = 1024;
inline constexpr std::size_t longest_import_name = 255;

/// The DLLs that a PE image names in its import table, then those in its delay-import table, in their order, as it names them
/// (with ".dll" where the name has no extension, as the loader looks for it). Only bare names, whatever their encoding: no
/// separator, colon or control character. Empty if the bytes are no PE image.
/// Hostile bytes cost at most two reads of 4 KiB for each entry.
/// Source: Microsoft, "PE Format"; delayimp.h.
std::vector<std::string> find_imported_dlls(const ReadAt& read_at, std::uint64_t file_size);

/// How many exports are looked at, which are all that a DLL can have, and how long a forwarder may be, in bytes.
inline constexpr unsigned most_exports = 65536;
inline constexpr std::size_t longest_forwarder = 511;

/// The DLLs to which a PE image forwards exports ("python311.PyList_New"), each once, in the order in which they stand in it, with ".dll"
/// where the name has no extension. Only bare names; at most most_imported_dlls. Empty if the bytes are no PE image.
/// Hostile bytes cost at most two reads of 4 KiB for each export.
/// Source: Microsoft, "PE Format", "Export Address Table".
std::vector<std::string> find_forwarded_dlls(const ReadAt& read_at, std::uint64_t file_size);

}  // namespace interop
