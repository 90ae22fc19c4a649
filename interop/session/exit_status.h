// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "interop/route/exit_code.h"
#include "launch.pb.h"
#include "session.pb.h"

namespace interop {

/// What this process will do to end the way the program did: exit, or die of a signal.
struct ExitAction {
    int code = 0;    ///< For exit(), if `signal` is 0.
    int signal = 0;  ///< Linux signal number to die of.

    bool operator==(const ExitAction&) const = default;
};

/// Maps the host's 32-bit exit code: the low byte, a non-zero code with low byte 0 becomes 1, NTSTATUS crash
/// codes become the signals that a Linux program would have died of. `forwarded_signal` is the last signal that
/// was passed on to the program, 0 if none: STATUS_CONTROL_C_EXIT then is that signal.
/// Source: Microsoft "NTSTATUS values" [MS-ERREF] 2.3.1.
ExitAction map_exit_code(std::uint32_t code, int forwarded_signal);

/// Whether the code says that the program was never really started because a DLL or an entry point is missing,
/// or has the wrong architecture: the words for the user, null otherwise.
const char* loader_failure(std::uint32_t code);

/// Linux's number for the protocol's signal; SIGKILL for one that we do not know.
int linux_signal(mzinit::v1::SignalNumber signal);

/// The protocol's number for a Linux signal that a client may send; nothing for others.
std::optional<mzinit::v1::SignalNumber> protocol_signal(int linux_number);

/// The protocol's number for the signal that a process of this guest died of; nothing for one that the protocol does not
/// have (real-time signals, among others).
std::optional<mzinit::v1::SignalNumber> reported_signal(int linux_number);

/// Exit code for a launch that failed: PROTOCOL.md section 8.
int exit_code_for(mzinit::v1::LaunchErrorCode code);

/// Ends this process by `signal`, like the program, and without a core of ours. As process 1 of a namespace, which
/// the kernel protects from its own signals, it exits with 128 + signal.
[[noreturn]] void die_of_signal(int signal);

}  // namespace interop
