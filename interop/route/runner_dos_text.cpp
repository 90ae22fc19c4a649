// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_text.h"

#include <utility>

namespace interop {

std::string DosInputText::convert(std::string_view source, std::size_t count) {
    std::string text;
    for (const char c : source) {
        if (c == '\n' && !after_cr_) text += '\r';
        text += c;
        after_cr_ = c == '\r';
    }
    if (text.size() > count) {
        text.pop_back();
        has_kept_ = true;
    }
    return text;
}

std::string DosOutputText::convert(std::string_view written) {
    std::string text;
    for (const char c : written) {
        if (has_cr_ && c != '\n') text += '\r';
        has_cr_ = c == '\r';
        if (!has_cr_) text += c;
    }
    return text;
}

std::string DosOutputText::finish() { return std::exchange(has_cr_, false) ? "\r" : ""; }

}  // namespace interop
