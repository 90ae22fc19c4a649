// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "interop/os/signals.h"
#include "proto/base/result.h"

/// Starting the programs of a machine. Nothing here waits for a file system: whatever could, looking for the program
/// and opening its log, is done by the new process itself. If that comes to nothing it says why on the console and ends
/// with 127 (there is no such program) or 126.
namespace init {

/// The environment that programs of the machine start with: PATH and HOME where the kernel gave none worth having.
void set_machine_environment();

/// Starts `words` on the console, in a session of its own with the console's terminal. A shell for a person leads it, and
/// has job control there; for other commands a process of ours does, console_session.h. Empty words are a login shell.
proto::Result<pid_t> start_on_console(const std::vector<std::string>& words, const interop::SignalState& signals);

/// Starts a service in a session of its own, without input; its output is appended to the file at `log`. One that is
/// larger than 10 MiB by then is renamed to LOG.1 first. If the file cannot be had, that is said on the console, and
/// the output is lost.
proto::Result<pid_t> start_service(const std::vector<std::string>& words, const std::string& log,
                                   const interop::SignalState& signals);

/// Starts this program again, as `mzinit WORDS...`, with its messages where ours go.
proto::Result<pid_t> start_own_subcommand(const std::vector<std::string>& words, const interop::SignalState& signals);

/// Where the output of a service of that name goes if its section does not say it.
std::string usual_log(const std::string& service_name);

}  // namespace init
