// SPDX-License-Identifier: MIT
#include "hostbridge/runner_variables.h"

#include <algorithm>
#include <array>

#include "proto/base/ascii_case.h"

namespace hostbridge {

bool decides_what_is_loaded(std::string_view name) {
    static constexpr std::array<std::string_view, 8> prefixes{"LD_",      "WINE",     "MONO_",      "COR_",
                                                              "CORECLR_", "COMPLUS_", "BASH_FUNC_", "VK_"};
    static constexpr std::array<std::string_view, 16> names{"HOME",
                                                            "GCONV_PATH",
                                                            "LOCPATH",
                                                            "GLIBC_TUNABLES",
                                                            "BASH_ENV",
                                                            "COMSPEC",
                                                            "SYSTEMROOT",
                                                            "WINDIR",
                                                            "DOTNET_ROOT",
                                                            "DOTNET_STARTUP_HOOKS",
                                                            "DOTNET_SHARED_STORE",
                                                            "DOTNET_ADDITIONAL_DEPS",
                                                            "PSMODULEPATH",
                                                            "LIBGL_DRIVERS_PATH",
                                                            "GST_PLUGIN_PATH",
                                                            "__COMPAT_LAYER"};
    if (proto::equals_ignoring_case(name, "WINEDEBUG")) return false;
    return std::ranges::any_of(prefixes,
                               [name](std::string_view prefix) {
                                   return proto::equals_ignoring_case(name.substr(0, prefix.size()), prefix);
                               }) ||
           std::ranges::any_of(names,
                               [name](std::string_view other) { return proto::equals_ignoring_case(name, other); });
}

}  // namespace hostbridge
