// SPDX-License-Identifier: MIT
#include "hostbridge/runner_variables.h"

#include <algorithm>
#include <array>

#include "proto/base/ascii_case.h"

namespace hostbridge {

bool decides_what_is_loaded(std::string_view name) {
    static constexpr std::array<std::string_view, 8> prefixes{"LD_",      "WINE",     "MONO_",   "COR_",
                                                              "CORECLR_", "COMPLUS_", "DOTNET_", "__COMPAT_LAYER"};
    static constexpr std::array<std::string_view, 11> names{"PATH",     "PATHEXT",    "COMSPEC",  "SYSTEMROOT",
                                                            "WINDIR",   "GCONV_PATH", "LOCPATH",  "GLIBC_TUNABLES",
                                                            "BASH_ENV", "ENV",        "SHELLOPTS"};
    return std::ranges::any_of(prefixes,
                               [name](std::string_view prefix) {
                                   return proto::equals_ignoring_case(name.substr(0, prefix.size()), prefix);
                               }) ||
           std::ranges::any_of(names,
                               [name](std::string_view other) { return proto::equals_ignoring_case(name, other); });
}

}  // namespace hostbridge
