// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/os/signals.h"

namespace init {

/// Is the init of a machine, from the kernel's hands until it is switched off. `arguments` are the words that the kernel
/// passed; `inherited` is the state of signals that it started us with. All signals must be blocked.
[[noreturn]] void run_machine(const std::vector<std::string>& arguments,
                              const interop::SignalState& inherited) noexcept;

}  // namespace init
