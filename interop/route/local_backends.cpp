// SPDX-License-Identifier: MIT
#include "interop/route/local_backends.h"

#include "interop/route/exec_in_place.h"
#include "interop/route/exit_code.h"
#include "interop/route/wine_fallback.h"

namespace interop {
namespace {

LocalFailure exec_loader(const std::string& loader, const LocalLaunch& launch) {
    std::vector<std::string> words{loader, launch.program};
    words.insert(words.end(), launch.arguments.begin(), launch.arguments.end());
    return exec_in_place(loader, words, NextEnvironment(launch.depth));
}

}  // namespace

LocalOutcome run_locally(Backend backend, const LocalLaunch& launch, const Installation& installed,
                         const Configuration& configuration) {
    const RouteStep step = assess_backend(backend, launch.image, installed);
    if (step.suitability != Suitability::usable) {
        return LocalFailure{step.problem, exit_code::cannot_run, step.suitability == Suitability::missing};
    }
    switch (backend) {
        case Backend::wine: return exec_wine(launch, installed.wine, configuration.wine_exit_object);
        case Backend::mono: return exec_loader(installed.mono, launch);
        case Backend::native: return exec_loader(installed.ape_loader, launch);
        case Backend::dosbox: return run_dos_program(launch, *installed.dos_emulator, configuration.dos);
        case Backend::host:
        case Backend::host_if_offered: break;
    }
    CHECK(false);  // The caller dials the host itself.
    return LocalFailure{};
}

}  // namespace interop
