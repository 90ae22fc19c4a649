// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "proto/base/result.h"

namespace interop {

/// UTF-16 units, the final NUL included, that CreateProcessW accepts.
inline constexpr std::size_t max_command_line_units = 32767;
/// The same for cmd.exe, which runs batch files.
inline constexpr std::size_t max_batch_command_line_units = 8191;

/// Why an argument list cannot become a Windows command line. Values of the category below.
enum class CommandLineFault {
    too_long = 1,
    not_utf8,
    embedded_nul,
    quote_in_program_name,  ///< Programs look for the end of argv[0] at the next quote; there is no escape.
    unsafe_for_cmd,         ///< cmd.exe would not pass a character on as it is (CVE-2024-24576).
    garbled_by_locale,      ///< It is not ASCII, and the locale in which Wine reads it is not UTF-8.
};

/// The error category of CommandLineFault.
const std::error_category& command_line_category() noexcept;

inline std::error_code make_error_code(CommandLineFault fault) noexcept {
    return {static_cast<int>(fault), command_line_category()};
}

/// What a Windows program gets as argv[0]: the base name if the caller gave the path of execution (cmd.exe and
/// others take a leading slash for an option), else what the caller gave.
std::string windows_argv0(std::string_view exec_path, std::string_view argv0);

/// The command line from which the Microsoft C runtime and CommandLineToArgvW both read back `argv` (UTF-8), which
/// is not empty. An Error's `doing` names the argument by its index.
/// Source: Microsoft, "Parsing C++ command-line arguments".
proto::Result<std::u16string> build_command_line(const std::vector<std::string>& argv);

/// The words of a command line, argv[1] and what follows, as they are, with a blank between them: for build_raw_command_line().
std::string raw_command_tail(const std::vector<std::string>& arguments);

/// As build_command_line, with `tail` unquoted and unchanged in the place of argv[1] and what follows.
proto::Result<std::u16string> build_raw_command_line(std::string_view argv0, std::string_view tail);

/// Whether Windows would hand the file to cmd.exe. Decided by the name as Windows sees it, without trailing dots
/// and spaces (CVE-2024-43402) and without a stream name, so ask about the final path of the opened file too.
bool is_batch_file(std::string_view windows_path);

/// The command by which cmd.exe runs the batch file `script` (a Windows path) with argv[1] and what follows: what it
/// has to read with /e:ON /v:OFF and as if it had been typed, not yet within the outer quotes that /c takes off.
/// Refuses what cmd.exe could expand or end a command at; everything else is quoted.
proto::Result<std::u16string> build_batch_command(std::string_view script, const std::vector<std::string>& argv);

/// The command line of a cmd.exe that runs build_batch_command().
proto::Result<std::u16string> build_batch_command_line(std::string_view script, const std::vector<std::string>& argv);

}  // namespace interop

template <>
struct std::is_error_code_enum<interop::CommandLineFault> : std::true_type {};
