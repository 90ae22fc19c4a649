// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <variant>

#include "interop/route/local_backends.h"

namespace interop {

/// As run_locally(), but in a child with a session of its own and the null device for its streams, which outlives us: its
/// process id, as soon as the program has taken it over. The child stays for DOSBox, and nobody hears of what goes wrong there.
std::variant<pid_t, LocalFailure> start_locally_detached(Backend backend, const LocalLaunch& launch,
                                                         const Installation& installed,
                                                         const Configuration& configuration);

}  // namespace interop
