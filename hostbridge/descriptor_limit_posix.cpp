// SPDX-License-Identifier: MIT
#include "hostbridge/descriptor_limit_posix.h"

#include <optional>

namespace hostbridge {
namespace {

// A property of the process, as the limit itself is.
std::optional<rlimit> limit_at_start;

rlimit current_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
}

}  // namespace

void raise_descriptor_limit() {
    if (!limit_at_start) limit_at_start = current_limit();
    rlimit raised = *limit_at_start;
    raised.rlim_cur = raised.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &raised);
}

rlimit original_descriptor_limit() { return limit_at_start.value_or(current_limit()); }

}  // namespace hostbridge
