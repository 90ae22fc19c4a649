// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "interop/image/identify.h"
#include "interop/route/routes.h"
#include "interop/route/runner.h"
#include "interop/route/runner_dos.h"

namespace interop {

/// What of the local backends is installed on this machine. Paths are empty where there is nothing.
struct Installation {
    WineInstallation wine;
    std::string mono;
    std::optional<DosEmulator> dos_emulator;
    std::string ape_loader;
};

/// The kind of program that `image` is; nothing if no backend could run it.
std::optional<ProgramKind> program_kind(const ImageDescription& image);

/// Why no backend will be tried for a file: what it is, a clause for the user ("this is a Linux kernel, not a program").
struct RouteRefusal {
    std::string text;
};

/// What a user hears where Routes::enabled is false.
inline constexpr const char* interop_disabled = "[interop] enabled = false of the configuration forbids running it";

/// The backends to try for `image`, in order and not empty, or the refusal. Pure, and needs to know nothing of this machine.
std::variant<RouteRefusal, Route> choose_route(const ImageDescription& image, const Routes& routes);

/// Whether a backend can take a program, and if not: whether it is not there at all, or not made for such programs.
enum class Suitability { usable, missing, unsuitable };

/// A backend on a route.
struct RouteStep {
    Backend backend;
    Suitability suitability = Suitability::usable;
    std::string problem{};  ///< For the user, with the command that installs what is missing; empty if it is usable.
};

/// What can be said of a backend of this machine without starting it. The host is always usable: it is asked by trying. Pure.
RouteStep assess_backend(Backend backend, const ImageDescription& image, const Installation& installed);

/// Both of the above together: what would happen, for those who want to know without running anything.
std::variant<RouteRefusal, std::vector<RouteStep>> decide_route(const ImageDescription& image, const Routes& routes,
                                                                const Installation& installed);

}  // namespace interop
