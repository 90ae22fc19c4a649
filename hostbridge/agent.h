// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "hostbridge/agent_limits.h"
#include "hostbridge/audit_log.h"
#include "proto/base/result.h"

namespace hostbridge {

/// The agent's command line.
struct AgentOptions {
    std::vector<std::string> endpoints;
    std::string key_file;
    std::string policy_file;
    std::vector<std::string> mappings;  ///< GUEST=HOST
    std::string fallback_directory;
    LogFormat log_format = LogFormat::text;
    std::vector<std::string> runners;  ///< KIND=COMMAND
    std::vector<std::uint32_t> allowed_context_ids;
    bool vsock_needs_key = false;
    bool vsock_admits_any_port = false;
    std::size_t max_sessions = limits::default_sessions;
    std::string exit_object;
    std::string cache_directory;                            ///< Of the program store; empty: the user's.
    std::uint64_t cache_size = limits::default_cache_size;  ///< In bytes; 0: no program is stored.
    std::chrono::milliseconds drain_limit = limits::drain;
    std::chrono::milliseconds grace = limits::grace;
    int ready_fd = -1;
    std::string ready_file;
};

/// Runs the agent until it is told to end. Success means an orderly end; an Error, that it could not start.
proto::Result<void> run_agent(const AgentOptions& options);

}  // namespace hostbridge
