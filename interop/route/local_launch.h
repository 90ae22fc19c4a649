// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "interop/image/identify.h"

namespace interop {

/// A program to run on this machine, by Wine, mono or a DOS emulator, on our own standard streams.
struct LocalLaunch {
    ImageDescription image;
    std::string program;                 ///< Absolute path.
    std::vector<std::string> arguments;  ///< argv[1..].
    unsigned depth = 0;                  ///< For MZINIT_DEPTH.
};

/// Why a backend of this machine did not take over. Nothing was started.
struct LocalFailure {
    std::string reason;
    int exit_code;  ///< Of exit_code.h: cannot_run if it is about this program, bridge_failed if about the backend.
    bool is_missing = false;  ///< It is not installed, which says nothing of the program.
};

/// How a program ended that we started as a child.
struct LocalEnd {
    int code = 0;
    int signal = 0;            ///< If not 0 it died of this, and so do we.
    std::string message = {};  ///< For the user, if something went wrong after the start: one line, else empty.
};

using LocalOutcome = std::variant<LocalFailure, LocalEnd>;

}  // namespace interop
