// SPDX-License-Identifier: MIT
#include "init/messages.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "proto/base/log.h"

namespace init {
namespace {

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

/// The length of the UTF-8 sequence that `text` starts with, 0 if it starts with none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xC2 ? 0
                               : first < 0xE0 ? 2
                               : first < 0xF0 ? 3
                               : first < 0xF5 ? 4
                                              : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return length;
}

std::string json_escape(unsigned code_unit) {
    char text[8];
    std::snprintf(text, sizeof text, "\\u%04x", code_unit);
    return text;
}

Personality voice = Personality::mzinit;

void say(const char* severity, std::string_view text) {
    std::string line;
    switch (voice) {
        case Personality::mzinit: line = "mzinit: "; break;
        case Personality::dumb_init: line = "[dumb-init] "; break;
        case Personality::tini:
            line = "[" + std::string(severity) + " tini (" + std::to_string(::getpid()) + ")] ";
            break;
    }
    line += text;
    print_error(line += '\n');
}

}  // namespace

bool print(std::string_view text) { return write_all(STDOUT_FILENO, text); }
bool print_error(std::string_view text) { return write_all(STDERR_FILENO, text); }

void speak_as(Personality personality) noexcept { voice = personality; }

void warn_user(std::string_view text) { say("WARN ", text); }
void report_failure(std::string_view text) { say("FATAL", text); }

void log_to_standard_error() {
    proto::set_log_sink([](proto::LogLevel level, std::string_view line) {
        say(level < proto::LogLevel::warn ? "INFO " : "WARN ", line);
    });
}

std::string json_string(std::string_view text) {
    std::string json = "\"";
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text.front());
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            json += json_escape(0xDC00U + first);
        } else if (first == '"' || first == '\\') {
            json += {'\\', text.front()};
        } else if (first < 0x20 || first == 0x7F) {
            json += json_escape(first);
        } else {
            json += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return json += '"';
}

}  // namespace init
