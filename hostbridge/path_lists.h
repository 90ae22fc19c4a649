// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "interop/text/environment.h"

namespace hostbridge {

/// A variable that is a list of paths of the host, which programs of Windows take apart at semicolons. Relative ones, and
/// those that the guest has translated, may be Windows' on any host.
struct PathListVariable {
    std::string name;
    std::vector<std::string> paths;
};

/// What a program calls the file at `path`; nothing if it has no name for it.
using PathConversion = std::function<std::optional<std::string>(const std::string& path)>;

/// `variables` and behind them the lists, each as one string of what `convert` makes of its paths. A list of which nothing is left is not
/// there. Pure.
interop::EnvironmentOverlay with_path_lists(interop::EnvironmentOverlay variables,
                                            const std::vector<PathListVariable>& lists, const PathConversion& convert);

/// The same with the paths as they are.
interop::EnvironmentOverlay with_path_lists(interop::EnvironmentOverlay variables,
                                            const std::vector<PathListVariable>& lists);

}  // namespace hostbridge
