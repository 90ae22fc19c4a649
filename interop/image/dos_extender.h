// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "interop/image/dos_header.h"
#include "interop/image/image_reader.h"

namespace interop {

/// What lets a DOS program use protected mode.
struct DosExtender {
    const char* name;
    unsigned bits;  ///< Of the program that it runs: 16 or 32.
};

/// The DOS extender that the program brings or asks for; nothing if none is recognised. The marks are those that the
/// extenders' own stubs carry: in front of the new-style header if `has_new_header`, otherwise in the first 4 KiB.
std::optional<DosExtender> find_dos_extender(ImageReader& file, const DosHeader& header, bool has_new_header);

}  // namespace interop
