// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/base/result.h"

namespace interop {

/// How the host writes paths.
enum class PathFlavour { posix, windows };

/// One line of the table: the same directory as the guest and as the host name it.
struct PathPrefix {
    std::string guest;  ///< Absolute, "/mnt/c".
    std::string host;   ///< Absolute, "C:\" or "/srv/share".
    /// Guest directories below it on which something else is mounted, that the host does not see there.
    std::vector<std::string> covered = {};
};

/// Translates between guest and host paths by their longest prefix in a table. Purely textual: `.`, `..` and
/// repeated separators are resolved, links are not. Windows host paths are compared without case, and bytes that
/// Windows forbids in names stand there as U+F000 + byte. A path that has no place in the table gives nothing.
class PathMap {
  public:
    explicit PathMap(PathFlavour flavour) : flavour_(flavour) {}

    /// Parses "GUEST=HOST", the argument of --map. A host path may contain '=', a guest path may not.
    static proto::Result<PathPrefix> parse(std::string_view text, PathFlavour flavour);

    /// Adds a line. One for the same guest directory is replaced, as a later mount hides an earlier one. Fails on
    /// paths that are not absolute.
    proto::Result<void> add(PathPrefix prefix);

    /// `guest` is absolute; a trailing slash is kept. ".." never leads out of a prefix and into another file.
    [[nodiscard]] std::optional<std::string> guest_to_host(std::string_view guest) const;

    /// `host` is absolute; both kinds of slashes and the prefix `\\?\X:` are understood in the Windows flavour.
    /// Gives only paths at which the guest sees this very file: not one that another line of the table hides.
    [[nodiscard]] std::optional<std::string> host_to_guest(std::string_view host) const;

    /// A relative guest path with the host's separators and without forbidden bytes; nothing is looked up.
    [[nodiscard]] std::string relative_to_host(std::string_view relative) const;

    /// The line of the table that translates `guest`; null if none does. Good until the table is changed.
    [[nodiscard]] const PathPrefix* find_guest_prefix(std::string_view guest) const;

    [[nodiscard]] const std::vector<PathPrefix>& prefixes() const { return prefixes_; }
    [[nodiscard]] bool empty() const { return prefixes_.empty(); }
    [[nodiscard]] PathFlavour flavour() const { return flavour_; }

  private:
    PathFlavour flavour_;
    std::vector<PathPrefix> prefixes_;                     ///< Normalised.
    std::unordered_map<std::string, std::size_t> places_;  ///< In it, by their guest directories.
};

/// Whether `host` is absolute and names nothing but files and directories: in the Windows flavour no device, no "\\?\" path, no
/// stream of a file, and nothing that no file can be called.
bool names_files_only(std::string_view host, PathFlavour flavour);

/// Whether `host` is absolute and the host looks for the very names in it: Windows does not look at dots and blanks at the end of one,
/// so that two directories of a guest can be one there.
bool has_exact_names(std::string_view host, PathFlavour flavour);

/// Whether a guest may name this host path although no line of the agent's own table leads to it: names_files_only(), and
/// in the Windows flavour it is on a drive. Not so network shares: opening one sends the user's credentials to a
/// server of the guest's choice.
bool is_plain_host_path(std::string_view host, PathFlavour flavour);

}  // namespace interop
