// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/base/result.h"
#include "proto/wire/authentication.h"

namespace interop {

/// The first key of the configured key file, or if none is configured of /etc/mzinit/key or ~/.config/mzinit/key,
/// whichever can be used first. The Error says which file and why.
proto::Result<proto::Key> load_client_key(const std::string& configured_file);

}  // namespace interop
