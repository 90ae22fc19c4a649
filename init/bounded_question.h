// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "proto/base/result.h"

namespace init {

/// The answer of `ask`, which is called in a process of its own and may be killed there at any time: an Error if it has not answered
/// within `patience`. For what has deadlines of its own that add up to more, as dialing has one for every endpoint. Leaves no
/// process behind, and no memory that `ask` needed. The caller has one thread.
proto::Result<std::string> ask_within(std::chrono::milliseconds patience,
                                      const std::function<proto::Result<std::string>()>& ask);
}  // namespace init
