// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "hostbridge/process_launcher.h"
#include "proto/base/error.h"

namespace hostbridge {

/// An Error for a value of GetLastError(); `doing` as in proto::Error.
proto::Error windows_error(unsigned long code, std::string_view doing);

/// Whether `error` is windows_error() of `code`.
bool is_windows_error(const proto::Error& error, unsigned long code);

/// What the system says about a value of GetLastError(), on one line and without a final stop.
std::string windows_error_text(unsigned long code);

/// The answer to a launch that failed with `code`, a value of GetLastError(), in words for the user.
LaunchFailure launch_failure(unsigned long code);

}  // namespace hostbridge
