// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interop/route/configuration.h"
#include "interop/route/effective_settings.h"

namespace init {

/// `mzinit config check|show`, with the words after `config`; returns the exit status: 0 fine, 1 problems, 2 usage.
int run_config(const std::vector<std::string>& words);

/// What every reader of a configuration finds wrong with it, launches and init, in the order of the lines and each once. Pure.
std::vector<interop::ConfigurationFinding> check_configuration(std::string_view text);

/// The settings as a configuration file that says the same, each with where it comes from in a comment; what nothing is in
/// force for is commented out. With `explain`, a comment before each says what it means. Pure.
std::string format_settings(const std::vector<interop::EffectiveSetting>& settings, bool explain);

}  // namespace init
