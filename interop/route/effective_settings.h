// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "interop/route/configuration_keys.h"

namespace interop {

/// Where values come from, besides the defaults.
struct SettingSources {
    std::string_view text;                 ///< Of the configuration.
    std::string_view name;                 ///< Of that: the path of its file, or embedded_source.
    std::string_view mzinit_host;          ///< The value of that variable; empty: none.
    std::string_view kernel_command_line;  ///< /proc/cmdline
    std::set<std::size_t> wrong_lines;     ///< Lines of the text that count for nothing.
};

/// A key, and what is in force for it.
struct EffectiveSetting {
    const ConfigurationKey* key;
    std::string section;  ///< With the name of a service.
    std::string value;    ///< As it would be written in the file.
    bool has_value;       ///< Or nothing is in force: key->default_note says what that means.
    std::string source;   ///< "FILE:LINE", "MZINIT_HOST", "kernel command line: mzinit.host=" or "default".
};

/// Every key but WSL's own, of these only what the text has, in the order of configuration_keys(); services in the order of the
/// text. Pure.
std::vector<EffectiveSetting> effective_settings(const SettingSources& sources);

}  // namespace interop
