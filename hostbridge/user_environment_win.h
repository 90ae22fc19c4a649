// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace hostbridge {

/// The environment block of the agent's user as it is now, not as it was when the agent started; the latter where
/// the system cannot tell.
std::u16string user_environment_block();

/// The value of a variable in such a block, in UTF-8; `name` in any case. Empty if there is none.
std::string variable_in(std::u16string_view block, std::u16string_view name);

}  // namespace hostbridge
