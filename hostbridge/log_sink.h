// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "hostbridge/audit_log.h"

namespace hostbridge {

/// Makes proto::log() write lines of that format to standard error.
void install_log_sink(LogFormat format);

/// Writes records to standard error.
std::function<void(const AuditRecord&)> make_audit_sink(LogFormat format);

}  // namespace hostbridge
