// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proto/base/log.h"

namespace hostbridge {

enum class LogFormat { text, json };

/// `text` with everything that could forge or disturb a line (control characters, quotes, backslashes, bytes
/// that are not ASCII) written as in JSON, and cut to 200 bytes. Without the quotes around it.
std::string escape_for_log(std::string_view text);

/// What became of one Launch. It holds no argument, no environment and no key.
struct LaunchRecord {
    std::string peer;
    std::string program;
    std::string result;                     ///< "exit 0", "signal 9", "refused not_found", "client lost", "detached".
    std::optional<std::uint64_t> uploaded;  ///< How many bytes of it came from the guest, if the host did not see it.
    std::uint64_t process_id = 0;           ///< 0: nothing was started.
    std::chrono::milliseconds duration{0};
};

/// What a guest has reported of a command of its own, which the agent did not start and cannot check.
struct ReportRecord {
    std::string peer;
    std::string machine;
    std::string command;
    std::string result;  ///< "exit 3", "signal 9".
};

using AuditRecord = std::variant<LaunchRecord, ReportRecord>;

/// One line for the record, without a line end. `time` is what both formats begin with.
std::string format_record(const AuditRecord& record, LogFormat format, std::string_view time);

/// One line for a message of the log, without a line end.
std::string format_message(proto::LogLevel level, std::string_view message, LogFormat format, std::string_view time);

/// "2026-01-31T12:00:00.123Z".
std::string utc_time(std::chrono::system_clock::time_point now);

}  // namespace hostbridge
