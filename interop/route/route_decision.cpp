// SPDX-License-Identifier: MIT
#include "interop/route/route_decision.h"

#include "interop/route/runner_wine.h"

namespace interop {
namespace {

// What comes after "this is ...", for a PE file that nothing here will start.
std::string_view why_not_pe(const ImageDescription& image) {
    if (image.is_dll) return ", not a program";
    switch (image.subsystem) {
        case Subsystem::efi: return ", which only firmware runs";
        case Subsystem::boot_application: return ", which only the Windows boot loader runs";
        case Subsystem::native: return ", which only Windows itself loads";
        default: return ", which nothing here runs";
    }
}

std::string_view why_not(const ImageDescription& image) {
    switch (image.kind) {
        case ImageKind::pe: return why_not_pe(image);
        case ImageKind::vxd:
        case ImageKind::linux_kernel:
        case ImageKind::efi_zboot: return ", not a program";
        case ImageKind::dos:
        case ImageKind::ne:
        case ImageKind::le: return image.is_dll ? ", not a program" : ", which nothing here runs";
        case ImageKind::batch:
        case ImageKind::not_mz:
        case ImageKind::damaged:
        case ImageKind::ape: return "";
    }
    return "";
}

std::string refusal_by_configuration(const ImageDescription& image, ProgramKind kind) {
    const std::string what = "this is " + describe(image);
    if (kind == ProgramKind::other_machine) return what + ", which is for another processor";
    return what + ", and the configuration says not to run those ([route] " + std::string(name_of(kind)) + " = none)";
}

RouteStep assess_wine(const ImageDescription& image, const WineInstallation& wine) {
    std::string problem = wine_problem(image, wine);
    if (problem.empty()) return {.backend = Backend::wine};
    const bool is_missing = !wine.runs_64_bit && !wine.runs_32_bit;
    return {Backend::wine, is_missing ? Suitability::missing : Suitability::unsuitable, std::move(problem)};
}

RouteStep assess_mono(const ImageDescription& image, const Installation& installed) {
    if (image.managed == Managed::mixed) {
        return {Backend::mono, Suitability::unsuitable, "mono cannot run mixed-mode programs"};
    }
    if (!installed.mono.empty()) return {.backend = Backend::mono};
    return {Backend::mono, Suitability::missing, "mono is not installed here: apt-get install mono-runtime"};
}

}  // namespace

std::optional<ProgramKind> program_kind(const ImageDescription& image) {
    if (image.kind == ImageKind::ape) return ProgramKind::ape;
    if (is_for_another_processor(image)) return ProgramKind::other_machine;
    const std::string_view runner = runner_kind(image);
    if (runner.empty()) return std::nullopt;
    if (runner == "dos") return ProgramKind::dos;
    if (runner == "win16") return ProgramKind::win16;
    if (runner == "batch") return ProgramKind::batch;
    return image.managed == Managed::none ? ProgramKind::pe : ProgramKind::dotnet;
}

std::variant<RouteRefusal, Route> choose_route(const ImageDescription& image, const Routes& routes) {
    const auto kind = program_kind(image);
    if (!kind) return RouteRefusal{"this is " + describe(image) + std::string(why_not(image))};
    if (!routes.enabled) return RouteRefusal{interop_disabled};
    const Route& route = routes.of(*kind);
    if (route.empty()) return RouteRefusal{refusal_by_configuration(image, *kind)};
    return route;
}

RouteStep assess_backend(Backend backend, const ImageDescription& image, const Installation& installed) {
    switch (backend) {
        case Backend::host:
        case Backend::host_if_offered: break;
        case Backend::wine: return assess_wine(image, installed.wine);
        case Backend::mono: return assess_mono(image, installed);
        case Backend::dosbox:
            if (installed.dos_emulator) break;
            return {backend, Suitability::missing, "no DOS emulator is installed here: apt-get install dosbox"};
        case Backend::native:
            if (!installed.ape_loader.empty()) break;
            return {backend, Suitability::missing,
                    "this is an actually portable executable (APE), and its loader is not installed here: put it at "
                    "/usr/bin/ape, or start the file with sh"};
    }
    return {.backend = backend};
}

std::variant<RouteRefusal, std::vector<RouteStep>> decide_route(const ImageDescription& image, const Routes& routes,
                                                                const Installation& installed) {
    auto chosen = choose_route(image, routes);
    if (auto* refusal = std::get_if<RouteRefusal>(&chosen)) return std::move(*refusal);
    std::vector<RouteStep> steps;
    for (const Backend backend : std::get<Route>(chosen)) {
        steps.push_back(assess_backend(backend, image, installed));
    }
    return steps;
}

}  // namespace interop
