// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "init/personality.h"

namespace init {

/// One line for the user on standard error: "mzinit: TEXT", or in the form that the personality gives it.
void warn_user(std::string_view text);

/// The same for what keeps us from doing our work.
void report_failure(std::string_view text);

/// From now on messages look like that program's: "[WARN  tini (7)] TEXT", "[dumb-init] TEXT".
void speak_as(Personality personality) noexcept;

/// Text as it is on standard output or standard error, written at once. False, and errno, if it could not be written whole.
bool print(std::string_view text);
bool print_error(std::string_view text);

/// Sends log lines to standard error in the form of warn_user.
void log_to_standard_error();

/// `text` in double quotes as JSON wants it. Bytes that are not UTF-8 become lone surrogates U+DC80..U+DCFF, which is
/// how Python and others write file names, so that none is lost.
std::string json_string(std::string_view text);

}  // namespace init
