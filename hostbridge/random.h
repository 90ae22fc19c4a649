// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/base/result.h"
#include "proto/wire/authentication.h"

namespace hostbridge {

/// 32 bytes from the system's random source.
proto::Result<proto::Nonce> random_nonce();

/// The text of a key file with one new key: "default HEX\n".
proto::Result<std::string> new_key_file_text();

}  // namespace hostbridge
