// SPDX-License-Identifier: MIT
#include "interop/route/upload_mode.h"

namespace interop {

std::optional<UploadMode> parse_upload_mode(std::string_view text) {
    if (text == "auto") return UploadMode::automatic;
    if (text == "never") return UploadMode::never;
    return std::nullopt;
}

}  // namespace interop
