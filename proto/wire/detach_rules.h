// SPDX-License-Identifier: MIT
#pragma once

#include "launch.pb.h"

/// Detached programs: PROTOCOL.md, section 5.
namespace proto {

/// Whether the Launch, if it is to be detached, leaves the program without streams of the client's.
bool is_detach_request(const mzinit::v1::Launch& launch);

/// Whether the reply fits the request: a detached program only if one was asked for, and without streams.
bool is_answer_to_detach_request(const mzinit::v1::LaunchReply& reply, bool detach);

}  // namespace proto
