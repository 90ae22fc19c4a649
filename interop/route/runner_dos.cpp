// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos.h"

#include <array>

#include "interop/route/exit_code.h"
#include "interop/route/runner_dosbox.h"

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
        std::string_view rest = search_path;
        while (true) {
            const std::size_t colon = rest.find(':');
            const std::string_view directory = rest.substr(0, colon);
            std::string candidate = std::string(directory.empty() ? "." : directory) + "/" + known.name;
            if (exists(candidate)) return DosEmulator{known.kind, std::move(candidate)};
            if (colon == std::string_view::npos) break;
            rest.remove_prefix(colon + 1);
        }
    }
    return std::nullopt;
}

LocalOutcome run_dos_program(const LocalLaunch& launch, const DosEmulator& emulator, const DosOptions& options) {
    switch (emulator.kind) {
        case Kind::dosemu2:
        case Kind::emu2: break;
        case Kind::dosbox: return run_in_dosbox(launch, emulator, options);
    }
    return LocalFailure{emulator.path + " cannot be used yet", exit_code::bridge_failed};
}

}  // namespace interop
