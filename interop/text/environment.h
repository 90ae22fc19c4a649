// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interop/text/path_map.h"
#include "proto/base/result.h"

namespace interop {

/// Variables in the order in which they are applied, names and values as bytes. An empty value deletes.
using EnvironmentOverlay = std::vector<std::pair<std::string, std::string>>;

/// Whether two names that differ in case only are two variables (POSIX) or one (programs for Windows, wherever they run).
enum class NameCase { distinguished, ignored };

/// Lays `overlay` over `base` ("NAME=value"). Later entries win, in the base too, and of names that are the same the first
/// spelling stays; entries whose name is empty or contains '=' or NUL are left out.
std::vector<std::string> merge_environment(const std::vector<std::string>& base, const EnvironmentOverlay& overlay,
                                           NameCase name_case);

/// The longest value, in UTF-16 units without the NUL, that programs for Windows get whole: longer ones lose their beginning
/// or their end, in Wine too. Source: Microsoft, "SetEnvironmentVariable function".
inline constexpr std::size_t max_variable_units = 32766;

/// Fails if a value is longer than that. The Error names the variable.
proto::Result<void> check_variable_lengths(const EnvironmentOverlay& overlay);

/// Lays `overlay` over `base`, an environment block of Windows, and returns such a block: names without case (the
/// base's spelling stays), sorted, hidden variables such as "=C:" kept, ended by two NULs. Fails on names and values
/// that are not UTF-8, cannot stand in a block or are too long; the Error names the variable.
/// Source: Microsoft, "Changing environment variables".
proto::Result<std::u16string> merge_windows_environment(std::u16string_view base, const EnvironmentOverlay& overlay);

/// One entry of WSLENV: which way the variable goes, and whether its value is a list of paths.
struct WslenvEntry {
    std::string name;
    bool is_path_list = false;  ///< Flag p or l.
    bool to_windows = true;     ///< Not with flag u.
    bool to_guest = true;       ///< Not with flag w.
};

/// WSLENV, read.
struct Wslenv {
    std::vector<WslenvEntry> entries;  ///< In order; a name may be there twice, and the last one decides.
    std::vector<std::string>
        dropped;  ///< Entries without a name or with flags that there are not: they have no effect.
};

/// Entries are separated by colons; white space is dropped at the end of the whole only.
Wslenv parse_wslenv(std::string_view wslenv);

/// One path of a list (flags p and l), for who knows more directories of the host than we do.
struct SelectedPath {
    std::string guest;  ///< Absolute; empty for a relative path, which needs no table.
    std::string host;   ///< By our own table; empty if that does not have it.

    bool operator==(const SelectedPath&) const = default;
};

/// What WSLENV lets cross to the other side, and a line for everything that was dropped.
struct WslenvSelection {
    EnvironmentOverlay overlay;  ///< Each name once.
    /// On the way to Windows: what the lists that are not empty consist of, those too of which `overlay` has nothing left.
    std::vector<std::pair<std::string, std::vector<SelectedPath>>> path_lists;
    std::vector<std::string> warnings;
};

/// The value of a variable on this side; nothing if it is not set.
using WslenvLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// Chooses and translates variables as WSL does. `wslenv` itself always goes first; a variable that `lookup` does
/// not find goes with an empty value, which deletes it on the other side. Lists of paths (flags p and l) keep relative
/// paths, and lose those that `paths` has no name for; a variable of which nothing is left does not go.
WslenvSelection select_for_windows(std::string_view wslenv, const WslenvLookup& lookup, const PathMap& paths);

/// The other way: what a program in the guest gets that Windows starts. A variable that is not set goes with an empty
/// value, and is set; lists lose relative paths too.
WslenvSelection select_for_guest(std::string_view wslenv, const WslenvLookup& lookup, const PathMap& paths);

}  // namespace interop
