// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

namespace interop {

/// Whether a program that the host does not see is sent to it.
enum class UploadMode {
    automatic,  ///< If the host sees no such file, or another one.
    never,
};

/// "auto" or "never".
std::optional<UploadMode> parse_upload_mode(std::string_view text);

}  // namespace interop
