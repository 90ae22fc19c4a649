// SPDX-License-Identifier: MIT
#include "interop/route/routes.h"

#include <algorithm>
#include <string>

namespace interop {
namespace {

constexpr std::array all_backends{Backend::host, Backend::host_if_offered, Backend::wine,
                                  Backend::mono, Backend::dosbox,          Backend::native};
constexpr std::array<ProgramKind, program_kind_count> all_kinds{
    ProgramKind::pe,    ProgramKind::dotnet, ProgramKind::dos,          ProgramKind::win16,
    ProgramKind::batch, ProgramKind::ape,    ProgramKind::other_machine};

constexpr std::array for_pe{Backend::host, Backend::host_if_offered, Backend::wine};
constexpr std::array for_dotnet{Backend::host, Backend::host_if_offered, Backend::mono, Backend::wine};
constexpr std::array for_dos{Backend::host, Backend::host_if_offered, Backend::dosbox};
constexpr std::array for_ape{Backend::native, Backend::host, Backend::host_if_offered};
constexpr std::array for_other_machines{Backend::host, Backend::host_if_offered};

std::optional<Backend> find_backend(std::string_view name) {
    const auto* found = std::ranges::find(all_backends, name, [](Backend backend) { return name_of(backend); });
    return found == all_backends.end() ? std::nullopt : std::optional(*found);
}

std::string names_of(std::span<const Backend> backends) {
    std::string names;
    for (const Backend backend : backends) names += (names.empty() ? "" : ", ") + std::string(name_of(backend));
    return names;
}

}  // namespace

std::string_view name_of(Backend backend) {
    switch (backend) {
        case Backend::host: return "host";
        case Backend::host_if_offered: return "host?";
        case Backend::wine: return "wine";
        case Backend::mono: return "mono";
        case Backend::dosbox: return "dosbox";
        case Backend::native: return "native";
    }
    return "";
}

std::string_view name_of(ProgramKind kind) {
    switch (kind) {
        case ProgramKind::pe: return "pe";
        case ProgramKind::dotnet: return "dotnet";
        case ProgramKind::dos: return "dos";
        case ProgramKind::win16: return "win16";
        case ProgramKind::batch: return "batch";
        case ProgramKind::ape: return "ape";
        case ProgramKind::other_machine: return "other_machine";
    }
    return "";
}

std::optional<ProgramKind> find_program_kind(std::string_view name) {
    const auto* found = std::ranges::find(all_kinds, name, [](ProgramKind kind) { return name_of(kind); });
    return found == all_kinds.end() ? std::nullopt : std::optional(*found);
}

std::span<const Backend> possible_backends(ProgramKind kind) {
    switch (kind) {
        case ProgramKind::pe:
        case ProgramKind::win16:
        case ProgramKind::batch: return for_pe;
        case ProgramKind::dotnet: return for_dotnet;
        case ProgramKind::dos: return for_dos;
        case ProgramKind::ape: return for_ape;
        case ProgramKind::other_machine: return for_other_machines;
    }
    return {};
}

proto::Result<Route> parse_route(ProgramKind kind, std::span<const std::string_view> words) {
    const auto possible = possible_backends(kind);
    const std::string choice =
        " (possible for " + std::string(name_of(kind)) + ": " + names_of(possible) + ", or none)";
    if (words.empty()) return proto::stated_error("the route is empty" + choice);
    if (words.size() == 1 && words.front() == "none") return Route{};
    Route route;
    for (const std::string_view word : words) {
        const auto backend = find_backend(word);
        if (!backend) return proto::stated_error("unknown backend \"" + std::string(word) + "\"" + choice);
        if (std::ranges::find(possible, *backend) == possible.end()) {
            return proto::stated_error(std::string(word) + " cannot run programs of this kind" + choice);
        }
        if (std::ranges::find(route, *backend) != route.end()) {
            return proto::stated_error(std::string(word) + " is in the route twice");
        }
        route.push_back(*backend);
    }
    return route;
}

}  // namespace interop
