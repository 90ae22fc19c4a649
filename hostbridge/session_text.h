// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "hostbridge/process_launcher.h"

namespace hostbridge {

/// "hostbridge 0.1.0".
std::string software_name();

/// "not_found" and so on, as PROTOCOL.md section 8 names them.
std::string_view name_of(mzinit::v1::LaunchErrorCode code);

/// "exit 0", "exit 0xc0000005", "signal 9" (the protocol's number).
std::string describe_exit(const ExitResult& result);

/// The protocol's word for an image.
mzinit::v1::ImageKind protocol_image_kind(const interop::ImageDescription& image);

}  // namespace hostbridge
