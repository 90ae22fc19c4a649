// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/session/guest_report.h"
#include "proto/base/result.h"

namespace init {

/// What was written after `mzinit report`.
struct ReportOptions {
    bool wants_help = false;      ///< Nothing else was looked at, then.
    interop::EndedCommand ended;  ///< Without a machine if none was named.
};

/// Reads the words after `report`. Options stop at `--` or the first operand, whatever the command's own words look like.
/// The Error is for the user.
proto::Result<ReportOptions> parse_report_options(const std::vector<std::string>& words);

/// Tells the agent how a command ended, and returns the exit status: 0 it has taken the report, 125 it has not, 2 usage.
int run_report(const std::vector<std::string>& words);

}  // namespace init
