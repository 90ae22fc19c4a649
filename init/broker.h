// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace init {

/// What the command line, or PID 1, says; empty means: as the configuration does.
struct BrokerOptions {
    std::string socket;
    std::string key_file;
};

/// How run_broker() ends; the exit status of `mzinit broker`.
enum class BrokerEnd : int {
    told_to = 0,
    cannot_start = 1,     ///< Or cannot go on. Why has been said.
    already_running = 3,  ///< Another one answers on the socket.
};

/// Gives tickets to the users of this machine (proto/PROTOCOL.md, section 10) until SIGTERM, SIGINT or SIGHUP. Made to be the
/// whole of a process: it gives up every privilege, blocks those signals, and goes to "/". Single-threaded processes only.
BrokerEnd run_broker(const BrokerOptions& options);

}  // namespace init
