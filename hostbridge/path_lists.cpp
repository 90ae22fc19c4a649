// SPDX-License-Identifier: MIT
#include "hostbridge/path_lists.h"

#include <utility>

namespace hostbridge {

interop::EnvironmentOverlay with_path_lists(interop::EnvironmentOverlay variables,
                                            const std::vector<PathListVariable>& lists, const PathConversion& convert) {
    for (const PathListVariable& list : lists) {
        std::string value;
        for (const std::string& path : list.paths) {
            const auto converted = convert(path);
            if (!converted || converted->empty()) continue;
            if (!value.empty()) value += ';';
            value += *converted;
        }
        // An empty value would delete what the host has under that name.
        if (!value.empty()) variables.emplace_back(list.name, std::move(value));
    }
    return variables;
}

interop::EnvironmentOverlay with_path_lists(interop::EnvironmentOverlay variables,
                                            const std::vector<PathListVariable>& lists) {
    return with_path_lists(std::move(variables), lists, [](const std::string& path) { return std::optional(path); });
}

}  // namespace hostbridge
