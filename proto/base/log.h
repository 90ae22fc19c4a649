// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace proto {

enum class LogLevel { debug, info, warn, error };

/// Where log lines go. `line` has no line end and no time; the sink adds what its destination wants.
using LogSink = void (*)(LogLevel level, std::string_view line);

/// Replaces the sink; null drops everything, which is also the state at start. Not thread-safe: call it first.
void set_log_sink(LogSink sink) noexcept;

/// Lines below `level` are dropped before they reach the sink. The default is info.
void set_log_level(LogLevel level) noexcept;

void log(LogLevel level, std::string_view line);
inline void debug(std::string_view line) { log(LogLevel::debug, line); }
inline void info(std::string_view line) { log(LogLevel::info, line); }
inline void warn(std::string_view line) { log(LogLevel::warn, line); }

}  // namespace proto
