// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "interop/image/dos_header.h"
#include "interop/image/image_reader.h"

namespace interop {

/// The new-style formats before PE: NE (16-bit Windows and others), LE and LX (OS/2, DOS extenders, VxDs), W3 and
/// W4 (collections of VxDs). Nothing if the signature at `header.new_header` is none of theirs.
std::optional<ImageDescription> identify_segmented(ImageReader& file, const DosHeader& header);

}  // namespace interop
