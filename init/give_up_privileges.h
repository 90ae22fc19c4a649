// SPDX-License-Identifier: MIT
#pragma once

#include "proto/base/result.h"

namespace init {

/// Takes from this process what it can do beyond its user's own files: no capability is left and none can be gained, and
/// nobody of the same user may look into its memory, nor is that ever written to a core file. For good.
proto::Result<void> give_up_privileges();

}  // namespace init
