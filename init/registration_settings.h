// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace init {

/// What [boot] of the configuration file says about the rule for MZ files.
struct RegistrationSettings {
    bool protect = false;               ///< protect_binfmt
    bool embed_config = false;          ///< embed_config
    std::vector<std::string> warnings;  ///< What was ignored, a sentence each.
};

/// Pure. Other keys, and other sections, are left to others.
RegistrationSettings parse_registration_settings(std::string_view configuration);

/// Of the configuration file in force; without one, the defaults.
RegistrationSettings load_registration_settings();

}  // namespace init
