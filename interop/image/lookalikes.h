// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "interop/image/image_reader.h"

namespace interop {

/// Files that start with "MZ" but are meant for somebody else: APE programs, Linux kernels. Asked first, because
/// most of them are valid PE files too.
std::optional<ImageDescription> identify_lookalike(ImageReader& file);

}  // namespace interop
