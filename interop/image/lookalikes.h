// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "interop/image/image_reader.h"

namespace interop {

/// Whether the file is an actually portable executable. They need not start with "MZ".
bool is_ape(ImageReader& file);

/// Kernels: files that start with "MZ" for firmware's sake. Asked before PE, because most of them are valid PE files
/// too.
std::optional<ImageDescription> identify_lookalike(ImageReader& file);

}  // namespace interop
