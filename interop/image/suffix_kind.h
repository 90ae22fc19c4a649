// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "interop/image/identify.h"

namespace interop {

/// Of DOS's 64 KiB for a COM program 256 bytes are taken.
inline constexpr std::uint64_t largest_com_program = 65280;

/// What the end of a file's name promises, in any case: dos for .com, batch for .bat and .cmd; nothing for all others.
std::optional<ImageKind> suffix_kind(std::string_view path);

/// Whether Linux itself runs what begins so: ELF, or a script with #!.
bool is_linux_program(std::string_view head);

/// What `image` is, in view of the file's name: a COM program or a batch file has nothing to be known by but the end of its
/// name. The content counts for more: MZ, ELF and scripts stay what they are, and what is no COM program or batch file whatever
/// its name gets the reason as detail. `head` is the beginning of the file, four bytes at least if it has them. Pure.
ImageDescription consider_name(const ImageDescription& image, std::string_view path, std::string_view head,
                               std::uint64_t size);

}  // namespace interop
