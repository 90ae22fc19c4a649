// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interop/image/identify.h"
#include "interop/route/configuration.h"
#include "interop/route/route_decision.h"
#include "interop/session/host_info.h"

namespace init {

/// What would happen if files were run, without running them. An agent is asked, and this machine searched, at most once.
class RouteReport {
  public:
    explicit RouteReport(interop::Configuration configuration) : configuration_(std::move(configuration)) {}

    /// Indented lines, one for each backend in the order in which they would be tried, or one for the refusal.
    std::string lines(const interop::ImageDescription& image);

    /// The members `"route": [...]` or `"refusal": "..."` of a JSON object.
    std::string json(const interop::ImageDescription& image);

  private:
    struct Step {
        interop::Backend backend;
        bool is_usable;
        std::string reason;  ///< Why, or why not; may be empty.
    };

    std::vector<Step> steps(const interop::ImageDescription& image, const interop::Route& route);
    Step assess_host(interop::Backend backend, const interop::ImageDescription& image);
    Step assess_local(interop::Backend backend, const interop::ImageDescription& image);

    interop::Configuration configuration_;
    std::optional<proto::Result<interop::HostInfo>> host_;
    std::optional<interop::Installation> installed_;
};

}  // namespace init
