// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/route/configuration.h"
#include "report.pb.h"

namespace interop {

/// A command of this guest that has ended.
struct EndedCommand {
    std::string machine;             ///< Host name of the guest.
    std::vector<std::string> words;  ///< The command and its arguments.
    int exit_code = 0;               ///< 0 to 255, if `signal` is 0.
    int signal = 0;                  ///< Linux number of the signal that killed it.
};

/// The same in the protocol's words: a command line that is too long is cut, bytes of the name that are not UTF-8 are
/// replaced (and what is over the limit then is cut), a signal that the protocol does not have becomes 128 + its number. Pure.
mzinit::v1::Report make_report(const EndedCommand& ended);

/// Dials the configured endpoints as a launch does, and gives the report to the agent that answers. Waits one second more
/// for the answer. Success: the agent has written it down. After an Error it may have, if it was lost after the report.
proto::Result<void> report_to_host(const Configuration& configuration, const mzinit::v1::Report& report);

}  // namespace interop
