// SPDX-License-Identifier: MIT
#include "proto/base/log.h"

namespace proto {
namespace {
LogSink current_sink = nullptr;
LogLevel lowest_level = LogLevel::info;
}  // namespace

void set_log_sink(LogSink sink) noexcept { current_sink = sink; }
void set_log_level(LogLevel level) noexcept { lowest_level = level; }

void log(LogLevel level, std::string_view line) {
    if (current_sink != nullptr && level >= lowest_level) current_sink(level, line);
}

}  // namespace proto
