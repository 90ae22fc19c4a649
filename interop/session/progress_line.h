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

    void erase();

  private:
    using Clock = std::chrono::steady_clock;

    std::string subject_;
    Clock::time_point next_;
    bool is_shown_ = false;
};

/// The text of it, shorter than `columns` bytes; `columns` is 0 if that is not known.
std::string progress_text(std::string_view subject, std::string_view activity, std::uint64_t done, std::uint64_t total,
                          unsigned columns);

}  // namespace interop
