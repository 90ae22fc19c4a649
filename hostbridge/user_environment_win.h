// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace hostbridge {

/// The environment block of the agent's user as it is now, not as it was when the agent started; the latter where
/// the system cannot tell.
std::u16string user_environment_block();

}  // namespace hostbridge
