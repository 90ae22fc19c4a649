// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

namespace hostbridge {

/// Raises this process's soft limit of descriptors to the hard one.
void raise_descriptor_limit();

/// The limit before it was raised: what programs get, some of which close every number up to it.
rlimit original_descriptor_limit();

}  // namespace hostbridge
