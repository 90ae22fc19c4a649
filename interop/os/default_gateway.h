// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/base/result.h"

namespace interop {

/// The IPv4 next hop of the default route, as text. Asks the kernel by netlink, since a chroot may have no /proc.
proto::Result<std::string> find_default_gateway();

}  // namespace interop
