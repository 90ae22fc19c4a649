// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "interop/image/identify.h"

namespace interop {

/// Of DOS's 64 KiB for a COM program 256 bytes are taken.
inline constexpr std::uint64_t largest_com_program = 65280;

/// Whether a file is called something.com, in any case.
bool has_com_suffix(std::string_view path);

/// Whether Linux itself runs what begins so: ELF, or a script with #!.
bool is_linux_program(std::string_view head);

/// What `image` is, in view of the file's name: a COM program has nothing to be known by but the end of its name. The content
/// counts for more: MZ, ELF and scripts stay what they are, and what no COM program can be gets the reason as detail. `head` is
/// the beginning of the file, two bytes at least if it has them. Pure.
ImageDescription consider_name(const ImageDescription& image, std::string_view path, std::string_view head,
                               std::uint64_t size);

}  // namespace interop
