// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "interop/image/dos_header.h"
#include "interop/image/image_reader.h"

namespace interop {

/// The name of the DOS extender that the program brings or asks for; empty if none is recognised. The marks are
/// those that the extenders' own stubs carry in the first 4 KiB.
std::string find_dos_extender(ImageReader& file, const DosHeader& header);

}  // namespace interop
