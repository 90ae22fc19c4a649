// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/base/result.h"

namespace init {

/// Sets the loopback interface up; the kernel gives it its addresses then.
proto::Result<void> bring_loopback_up();

/// Sets the machine's name: `configured`, else the first line of /etc/hostname. Without either it stays as it is, but for
/// the kernel's "(none)", which becomes "localhost".
proto::Result<void> set_host_name(const std::string& configured);

}  // namespace init
