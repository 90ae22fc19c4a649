// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace interop {

/// What a program inherits about signals: which are blocked and which are ignored.
struct SignalState {
    sigset_t blocked;
    sigset_t ignored;

    /// Of this process, at this moment.
    static SignalState current() noexcept;

    /// Makes it the state of this process; handlers are removed. Async-signal-safe: for use before exec.
    void restore() const noexcept;
};

/// Blocks every signal that can be blocked, but not those by which the processor reports a fault of ours.
void block_signals() noexcept;

/// Whether the signal reports a fault of the process it is sent to: such a signal cannot be waited for.
bool is_fault_signal(int signal) noexcept;

}  // namespace interop
