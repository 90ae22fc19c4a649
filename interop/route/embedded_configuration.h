// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/result.h"

/// A configuration inside the program itself, for where its file cannot be seen: below a chroot, in a container.
/// mzinit has a section of 16 KiB for it, ".mzinit.conf", empty as it is built: a magic of 16 bytes, the length of the
/// text and a checksum of it (FNV-1a), 4 bytes each as the processor has them, and the text.
namespace interop {

inline constexpr std::size_t largest_embedded_configuration = 16 * 1024 - 24;

/// The text in this program; nothing if there is none, or one that is damaged. Valid for ever.
std::optional<std::string_view> embedded_configuration() noexcept;

/// Writes `text` into the section of `program`, the bytes of a file of mzinit. The Error says that it does not fit, or
/// that there is not exactly one such section.
proto::Result<void> embed_configuration(std::string& program, std::string_view text);

}  // namespace interop
