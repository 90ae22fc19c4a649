// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos.h"

#include <array>

#include "interop/route/runner_dos_exec.h"
#include "interop/route/runner_dosbox.h"
#include "interop/route/runner_search.h"

namespace interop {
namespace {

using Kind = DosEmulator::Kind;

struct KnownEmulator {
    Kind kind;
    const char* name;
};

// The first two need no display and know Unix's files; of the names of one emulator the newer comes first.
constexpr std::array known_emulators{
    KnownEmulator{Kind::dosemu2, "dosemu2"},
    KnownEmulator{Kind::dosemu2, "dosemu"},
    KnownEmulator{Kind::emu2, "emu2"},
    KnownEmulator{Kind::dosbox, "dosbox"},
};

}  // namespace

std::optional<DosEmulator> find_dos_emulator(const std::function<bool(const std::string& path)>& exists,
                                             std::string_view search_path) {
    for (const KnownEmulator& known : known_emulators) {
        if (auto path = find_on_path(exists, search_path, known.name)) return DosEmulator{known.kind, std::move(*path)};
    }
    return std::nullopt;
}

LocalOutcome run_dos_program(const LocalLaunch& launch, const DosEmulator& emulator, const DosOptions& options) {
    if (emulator.kind == Kind::dosbox) return run_in_dosbox(launch, emulator, options);
    return exec_dos_emulator(launch, emulator, options);
}

}  // namespace interop
