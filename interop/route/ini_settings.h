// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interop {

/// inih cuts longer lines without a word (INI_MAX_LINE is 200, with the line end).
inline constexpr std::size_t longest_ini_line = 197;

/// As long a name of a section is cut too (MAX_SECTION is 50, with the zero byte), and so not to be trusted.
inline constexpr std::size_t cut_ini_section = 49;

/// One "name = value" of an INI text; section and name, where they are known, as configuration_keys() has them. The views are good for
/// the call only.
struct IniSetting {
    std::string_view section;
    std::string_view name;
    std::string_view value;
    std::size_t line;  ///< Where it is, from 1.
    bool continues;  ///< The value goes on with that of the setting before, in an indented line (ValueLines::several).
    bool is_cut;     ///< Its line is longer than longest_ini_line, and the end of the value is missing.
};

/// What to do after a setting.
enum class IniReading { go_on, stop };

/// Where the comment of a line begins, from `from` on: at a ";" after a blank, but not in double quotes; npos if there is none.
std::size_t find_ini_comment(std::string_view line, std::size_t from);

/// Whether an indented line, without its indentation, goes on with the value of the key `name` in [section]. It does not if that is
/// a key with a value of one line, if it is the header of a section that is known, or if it begins as NAME = VALUE, with a key of the
/// section or with a blank before the "=". Where nobody knows the key any [header] and any NAME= is one. Pure.
bool goes_on(std::string_view section, std::string_view name, std::string_view line);

/// Calls `on_setting` for every setting in order; an indented line that does not go on (goes_on) is read as if it were not
/// indented, as in a wsl.conf. Returns the lines that are neither [section] nor name = value; the others are
/// read all the same, but for the settings of a section whose [header] is such a line.
std::vector<std::size_t> read_ini(std::string_view text,
                                  const std::function<IniReading(const IniSetting&)>& on_setting);

/// "line 3: WHAT", for messages.
std::string at_ini_line(std::size_t line, std::string_view what);

/// Takes such a message apart again; nothing if it does not begin like that.
std::optional<std::pair<std::size_t, std::string_view>> split_ini_line(std::string_view message);

/// "yes", "true", "on", "1", or "no", "false", "off", "0", whatever the case and as wsl_value() reads it, as every switch is
/// written: ours and WSL's. Nothing for anything else.
std::optional<bool> parse_switch(std::string_view value);

/// A value as WSL would read it: without double quotes around it, and without a comment that begins with "#" after it. It is a
/// part of `value`.
std::string_view wsl_value(std::string_view value);

/// The words of a value that is a list, separated by blanks or commas. They are parts of `text`.
std::vector<std::string_view> split_list(std::string_view text);

}  // namespace interop
