// SPDX-License-Identifier: MIT
#pragma once

#include "interop/session/host_connection.h"

namespace interop {

/// Sends what was queued in `host.protocol`, an InfoRequest or a Report, and waits for its answer: at most
/// `patience` for both, whatever else the agent says meanwhile. An Error if there is none: the agent refused,
/// broke the protocol, left or is silent.
proto::Result<proto::ClientEvent> await_answer(HostConnection& host,
                                               std::chrono::milliseconds patience = proto::limits::answer_deadline);

}  // namespace interop
