// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace hostbridge {

/// Finds a terminal's report of where its cursor is, ESC [ ROW ; COLUMN R, in what comes from that terminal.
class CursorReportFinder {
  public:
    /// Looks at the next bytes, which may begin or end within a report. Whether there has been one up to now.
    bool feed(std::string_view bytes);

  private:
    enum class State { outside, escape, row, column, found };

    void feed(char byte);

    State state_ = State::outside;
    bool has_digit_ = false;
};

}  // namespace hostbridge
