// SPDX-License-Identifier: MIT
#include "hostbridge/audit_log.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace hostbridge {
namespace {

constexpr std::size_t longest_logged_text = 200;

std::string_view name_of(proto::LogLevel level) {
    switch (level) {
        case proto::LogLevel::debug: return "debug";
        case proto::LogLevel::info: return "info";
        case proto::LogLevel::warn: return "warn";
        case proto::LogLevel::error: break;
    }
    return "error";
}

// Our own sentences may hold hostile text in the middle; quotes in them are ours and stay readable in text logs.
std::string printable(std::string_view message) {
    std::string line;
    for (const char c : message) line += (c >= ' ' && c != '\x7f') || c < 0 ? c : '?';
    return line;
}

/// The one line of a record, built field by field.
class RecordLine {
  public:
    RecordLine(std::string_view event, LogFormat format, std::string_view time)
        : is_json_(format == LogFormat::json),
          line_(is_json_
                    ? "{\"time\":\"" + std::string(time) + R"(","level":"info","event":")" + std::string(event) + '"'
                    : std::string(time) + " " + std::string(event)) {}

    void add_text(std::string_view name, std::string_view value) {
        add_name(name);
        line_ += '"' + escape_for_log(value) + '"';
    }

    void add_number(std::string_view name, std::uint64_t value) {
        add_name(name);
        line_ += std::to_string(value);
    }

    [[nodiscard]] std::string finish() const { return is_json_ ? line_ + "}" : line_; }

  private:
    void add_name(std::string_view name) {
        line_ += is_json_ ? ",\"" : " ";
        line_ += name;
        line_ += is_json_ ? "\":" : "=";
    }

    bool is_json_;
    std::string line_;
};

std::string format_specific(const LaunchRecord& record, LogFormat format, std::string_view time) {
    RecordLine line("launch", format, time);
    line.add_text("peer", record.peer);
    line.add_text("program", record.program);
    if (record.uploaded) line.add_number("uploaded", *record.uploaded);
    if (record.process_id != 0) line.add_number("pid", record.process_id);
    line.add_text("result", record.result);
    line.add_number("ms", static_cast<std::uint64_t>(record.duration.count()));
    return line.finish();
}

std::string format_specific(const ReportRecord& record, LogFormat format, std::string_view time) {
    RecordLine line("report", format, time);
    line.add_text("peer", record.peer);
    line.add_text("machine", record.machine);
    line.add_text("command", record.command);
    line.add_text("result", record.result);
    return line.finish();
}

}  // namespace

std::string escape_for_log(std::string_view text) {
    std::string escaped;
    for (const char c : text.substr(0, longest_logged_text)) {
        if (c == '"' || c == '\\') {
            escaped += '\\';
            escaped += c;
        } else if (c >= ' ' && c < '\x7f') {
            escaped += c;
        } else {
            std::array<char, 8> code{};
            std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
            escaped += code.data();
        }
    }
    if (text.size() > longest_logged_text) escaped += "...";
    return escaped;
}

std::string format_record(const AuditRecord& record, LogFormat format, std::string_view time) {
    return std::visit([&](const auto& specific) { return format_specific(specific, format, time); }, record);
}

std::string format_message(proto::LogLevel level, std::string_view message, LogFormat format, std::string_view time) {
    if (format == LogFormat::text) {
        return std::string(time) + " " + std::string(name_of(level)) + ": " + printable(message);
    }
    std::string line =
        "{\"time\":\"" + std::string(time) + "\",\"level\":\"" + std::string(name_of(level)) + "\",\"message\":\"";
    for (std::size_t at = 0; at < message.size(); at += longest_logged_text) {
        line += escape_for_log(message.substr(at, longest_logged_text));
    }
    return line + "\"}";
}

std::string utc_time(std::chrono::system_clock::time_point now) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    // gmtime is shared but only the loop's thread logs; gmtime_r does not exist on Windows.
    const std::tm* utc = std::gmtime(&seconds);
    std::array<char, 32> date{};
    const std::size_t length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", utc);
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(milliseconds));
    return std::string(date.data(), length) + fraction.data();
}

}  // namespace hostbridge
