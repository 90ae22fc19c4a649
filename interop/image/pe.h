// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "interop/image/image_reader.h"

namespace interop {

/// Describes the PE image whose signature stands at `header`; nothing if there is none. Says `damaged` where
/// Windows would refuse the file whatever the machine: cut off, headers that contradict each other, not linked.
std::optional<ImageDescription> identify_pe(ImageReader& file, std::uint64_t header);

}  // namespace interop
