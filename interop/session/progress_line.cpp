// SPDX-License-Identifier: MIT
#include "interop/session/progress_line.h"

#include <algorithm>
#include <utility>

#include <stdio.h>
#include <unistd.h>

#include "interop/os/foreground.h"
#include "interop/session/caller_terminal.h"
#include "interop/text/printable.h"

namespace interop {
namespace {

using namespace std::chrono_literals;

constexpr auto first_after = 1s;
constexpr auto interval = 200ms;

// A second of its own for the bar would say no more than the numbers do.
constexpr std::size_t bar_width = 20;

std::string mebibytes(std::uint64_t bytes) {
    const std::uint64_t tenths = bytes * 10 / (1u << 20);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

}  // namespace

std::string progress_text(std::string_view subject, std::string_view activity, std::uint64_t done,
                          std::uint64_t total) {
    // In floating point, as sizes may be anything that a file has.
    const double share = total == 0 ? 1 : static_cast<double>(std::min(done, total)) / static_cast<double>(total);
    const auto filled = static_cast<std::size_t>(share * bar_width);
    return "mzinit: " + std::string(activity) + " " + printable_line(subject) + " [" + std::string(filled, '#') +
           std::string(bar_width - filled, '.') + "] " + mebibytes(done) + " of " + mebibytes(total) + " MiB";
}

std::string cut_to_fit(std::string text, unsigned columns) {
    if (columns <= 1 || text.size() < columns) return text;
    std::size_t end = columns - 1;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    return text;
}

ProgressLine::ProgressLine(std::string subject) : subject_(std::move(subject)), next_(Clock::now() + first_after) {}

void ProgressLine::update(std::string_view activity, std::uint64_t done, std::uint64_t total) {
    if (Clock::now() >= next_) draw(progress_text(subject_, activity, done, total));
}

void ProgressLine::update(std::string_view text) { draw("mzinit: " + printable_line(text)); }

void ProgressLine::draw(std::string text) {
    next_ = Clock::now() + interval;
    if (!is_in_foreground(STDERR_FILENO)) return;
    text = cut_to_fit(std::move(text), caller_terminal_size().ws_col);
    dprintf(STDERR_FILENO, "\r%s\x1b[K", text.c_str());
    is_shown_ = true;
}

void ProgressLine::erase() {
    if (std::exchange(is_shown_, false)) dprintf(STDERR_FILENO, "\r\x1b[K");
}

}  // namespace interop
