// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace init {

/// One line for the user on standard error: "mzinit: TEXT".
void warn_user(std::string_view text);

/// Text as it is on standard output or standard error, written at once.
void print(std::string_view text);
void print_error(std::string_view text);

/// Sends log lines to standard error in the form of warn_user.
void log_to_standard_error();

/// `text` in double quotes as JSON wants it. Bytes that are not UTF-8 become lone surrogates U+DC80..U+DCFF, which is
/// how Python and others write file names, so that none is lost.
std::string json_string(std::string_view text);

}  // namespace init
