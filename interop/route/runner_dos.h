// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "interop/route/local_launch.h"

namespace interop {

/// A DOS emulator that is installed.
struct DosEmulator {
    enum class Kind { dosemu2, emu2, dosbox };

    Kind kind;
    std::string path;
};

/// The first of dosemu2, emu2 and DOSBox in the directories of `search_path`. `exists` answers for a path.
std::optional<DosEmulator> find_dos_emulator(const std::function<bool(const std::string& path)>& exists,
                                             std::string_view search_path);

struct DosOptions {
    /// What becomes of CR LF: kept as the program wrote it, or LF for us and CR LF for the program.
    enum class LineEnds { keep, convert };

    LineEnds line_ends = LineEnds::keep;
    bool interactive = false;  ///< A window on the display instead of our streams.
};

/// Runs a DOS program in the emulator, on our standard streams. DOSBox is a child that is waited for; the others take over
/// this process.
LocalOutcome run_dos_program(const LocalLaunch& launch, const DosEmulator& emulator, const DosOptions& options);

}  // namespace interop
