// SPDX-License-Identifier: MIT
#pragma once

#include "session.pb.h"

namespace hostbridge {

/// The host's number for a signal of the protocol; SIGKILL for one it does not know.
int host_signal(mzinit::v1::SignalNumber signal) noexcept;

/// The protocol's name for a signal that ended a program; KILL for one that it has no name for.
mzinit::v1::SignalNumber protocol_signal(int number) noexcept;

}  // namespace hostbridge
