// SPDX-License-Identifier: MIT
#include "hostbridge/log_sink.h"

#include <cstdio>
#include <string>

namespace hostbridge {
namespace {

void write_line(std::string line) {
    line += '\n';
    // In one piece: several agents may share a log.
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
}

template <LogFormat format>
void sink(proto::LogLevel level, std::string_view line) {
    write_line(format_message(level, line, format, utc_time(std::chrono::system_clock::now())));
}

}  // namespace

void install_log_sink(LogFormat format) {
    proto::set_log_sink(format == LogFormat::json ? sink<LogFormat::json> : sink<LogFormat::text>);
}

std::function<void(const AuditRecord&)> make_audit_sink(LogFormat format) {
    return [format](const AuditRecord& record) {
        write_line(format_record(record, format, utc_time(std::chrono::system_clock::now())));
    };
}

}  // namespace hostbridge
