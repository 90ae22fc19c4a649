// SPDX-License-Identifier: MIT
#include "hostbridge/cursor_report_win.h"

#include <utility>

namespace hostbridge {

bool CursorReportFinder::feed(std::string_view bytes) {
    for (const char byte : bytes) feed(byte);
    return state_ == State::found;
}

void CursorReportFinder::feed(char byte) {
    if (state_ == State::found) return;
    const bool in_number = state_ == State::row || state_ == State::column;
    if (byte == '\x1b') {
        state_ = State::escape;
    } else if (state_ == State::escape && byte == '[') {
        state_ = State::row;
        has_digit_ = false;
    } else if (in_number && byte >= '0' && byte <= '9') {
        has_digit_ = true;
    } else if (state_ == State::row && byte == ';' && std::exchange(has_digit_, false)) {
        state_ = State::column;
    } else if (state_ == State::column && byte == 'R' && has_digit_) {
        state_ = State::found;
    } else {
        state_ = State::outside;
    }
}

}  // namespace hostbridge
