// SPDX-License-Identifier: MIT
#pragma once

#include "report.pb.h"

namespace proto {

/// Whether a Report keeps to its limits and says how the command ended: PROTOCOL.md, section 5.
bool is_valid_report(const mzinit::v1::Report& report);

}  // namespace proto
