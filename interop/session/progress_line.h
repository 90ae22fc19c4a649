// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace interop {

/// A line on the terminal that standard error is, which says how far something has come: only if it takes longer than a second,
/// only while we are in the foreground, and gone before anything else appears there.
class ProgressLine {
  public:
    explicit ProgressLine(std::string subject);
    ~ProgressLine() { erase(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// Draws it again, if it is time to. `activity` is what is done: "sending". In bytes.
    void update(std::string_view activity, std::uint64_t done, std::uint64_t total);

    /// Draws what somebody else says of it in its place.
    void update(std::string_view text);

    void erase();

  private:
    using Clock = std::chrono::steady_clock;

    void draw(std::string text);

    std::string subject_;
    Clock::time_point next_;
    bool is_shown_ = false;
};

/// The text of it.
std::string progress_text(std::string_view subject, std::string_view activity, std::uint64_t done, std::uint64_t total);

/// `text` shorter than `columns` bytes, which are 0 if they are not known: in the last column some terminals would go to the
/// next line, where it cannot be erased. Not cut within a character of UTF-8.
std::string cut_to_fit(std::string text, unsigned columns);

}  // namespace interop
