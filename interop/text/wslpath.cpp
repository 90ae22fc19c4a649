// SPDX-License-Identifier: MIT
#include "interop/text/wslpath.h"

#include <algorithm>
#include <utility>

#include "interop/text/utf16.h"
#include "proto/base/ascii_case.h"

namespace interop {
namespace {

using Mode = PathQuestion::Mode;

constexpr std::string_view share_server = "\\\\wsl.localhost\\";
constexpr std::string_view old_share_server = "\\\\wsl$\\";

bool starts_ignoring_case(std::string_view text, std::string_view beginning) {
    return proto::equals_ignoring_case(text.substr(0, beginning.size()), beginning);
}

bool has_drive(std::string_view path) {
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    return path.size() >= 2 && is_letter(path[0]) && path[1] == ':';
}

/// The length of the part of `path` that names `directory`, and the separator after it; nothing if it is not below.
std::optional<std::size_t> prefix_length(std::string_view path, std::string_view directory, char separator) {
    if (!path.starts_with(directory)) return std::nullopt;
    if (path.size() == directory.size() || directory.ends_with(separator)) return directory.size();
    if (path[directory.size()] != separator) return std::nullopt;
    return directory.size() + 1;
}

class Translation {
  public:
    Translation(const PathQuestion& question, const PathTables& tables, const GuestFiles& files)
        : question_(question), tables_(tables), files_(files), share_(PathFlavour::windows) {
        if (!tables.share_name.empty()) {
            static_cast<void>(share_.add({"/", std::string(share_server) + tables.share_name}));
        }
    }

    proto::Result<std::string> run() {
        if (question_.path.empty()) return proto::stated_error("no path");
        if (question_.idempotent && is_as_wanted()) return with_separators(question_.path);
        if (question_.mode == Mode::to_guest) return to_guest();
        auto host = to_host();
        if (!host || flavour_ == PathFlavour::posix) return host;
        return with_separators(std::move(*host));
    }

  private:
    [[nodiscard]] bool is_for_windows() const { return tables_.known.flavour() == PathFlavour::windows; }
    [[nodiscard]] char host_separator() const { return flavour_ == PathFlavour::windows ? '\\' : '/'; }

    /// Only absolute paths tell whose they are.
    [[nodiscard]] bool is_as_wanted() const {
        const std::string& path = question_.path;
        if (!is_for_windows()) return false;
        if (question_.mode == Mode::to_guest) return path.starts_with('/') && !path.starts_with("//");
        return path.starts_with("\\\\") || path.starts_with("//") ||
               (has_drive(path) && path.size() > 2 && (path[2] == '\\' || path[2] == '/'));
    }

    /// A path of Windows with the separators that were asked for.
    [[nodiscard]] std::string with_separators(std::string path) const {
        const bool is_mixed = question_.mode == Mode::to_mixed;
        if (question_.mode != Mode::to_guest) {
            std::replace(path.begin(), path.end(), is_mixed ? '\\' : '/', is_mixed ? '/' : '\\');
        }
        return path;
    }

    const std::optional<PathMap>& agents_table() {
        if (!std::exchange(was_asked_, true) && tables_.ask_agent) agents_ = tables_.ask_agent();
        return agents_;
    }

    /// A host of which nothing is known is taken for Windows unless its agent says otherwise.
    bool is_posix_host() {
        if (!tables_.known.empty()) return !is_for_windows();
        const auto& table = agents_table();
        return table && table->flavour() == PathFlavour::posix;
    }

    /// By the first table that can, whose flavour is then flavour_.
    std::optional<std::string> translate(std::optional<std::string> (PathMap::*by)(std::string_view) const,
                                         std::string_view path) {
        flavour_ = tables_.known.flavour();
        if (auto found = (tables_.known.*by)(path)) return found;
        if (const auto& table = agents_table()) {
            flavour_ = table->flavour();
            if (auto found = ((*table).*by)(path)) return found;
        }
        // Only Windows has shares of that name.
        if (is_posix_host()) return std::nullopt;
        flavour_ = share_.flavour();
        return (share_.*by)(path);
    }

    proto::Result<std::string> guest_directory() const {
        auto directory = files_.working_directory();
        if (!directory) return proto::stated_error("the working directory has no path");
        return std::move(*directory);
    }

    [[nodiscard]] proto::Error failure(const char* reason) const {
        const bool is_text = !is_for_windows() || utf8_to_utf16(question_.path);
        return proto::stated_error(is_text ? reason : "it is not UTF-8");
    }

    /// An absolute path of the host as it is; a relative one below the host's name of our working directory.
    proto::Result<std::string> host_path(const std::string& directory) {
        std::string path = question_.path;
        if (path.starts_with('/') && !path.starts_with("//") && is_posix_host()) return path;
        if (is_for_windows()) {
            std::replace(path.begin(), path.end(), '/', '\\');
            if (starts_ignoring_case(path, old_share_server)) {
                path.replace(0, old_share_server.size(), share_server);
            }
            // "X:" alone is no more than a name; "X:name" is relative to a directory that nobody here knows.
            if (path.starts_with("\\\\") || (has_drive(path) && path.size() > 2)) return path;
        }
        is_relative_ = true;
        if (directory.empty()) return proto::stated_error("the working directory has no path");
        auto host_directory = translate(&PathMap::guest_to_host, directory);
        if (!host_directory) return proto::stated_error("the host has no path for " + directory);
        if (is_for_windows() && path.starts_with('\\')) {
            if (!has_drive(*host_directory)) return proto::stated_error("the working directory is on no drive");
            return host_directory->substr(0, 2) + path;
        }
        return *host_directory + host_separator() + path;
    }

    proto::Result<std::string> to_guest() {
        const std::string directory = files_.working_directory().value_or("");
        auto path = host_path(directory);
        if (!path) return path.error();
        auto guest = translate(&PathMap::host_to_guest, *path);
        if (!guest) return failure("the guest has no path for it");
        return is_relative_ ? relative_again(std::move(*guest), directory, '/') : std::move(*guest);
    }

    proto::Result<std::string> to_host() {
        std::string path = question_.path;
        std::string directory;
        if (auto resolved = files_.resolve(path)) {
            const bool is_directory_by_slash = path.ends_with('/');
            path = std::move(*resolved);
            if (is_directory_by_slash && path != "/") path += '/';
        } else if (resolved.error().code != std::errc::no_such_file_or_directory) {
            return proto::stated_error(resolved.error().code.message());
        } else if (!path.starts_with('/')) {
            auto found = guest_directory();
            if (!found) return found.error();
            directory = std::move(*found);
            path = directory + "/" + path;
        }
        auto host = translate(&PathMap::guest_to_host, path);
        if (!host) return failure("the host has no path for it");
        if (directory.empty()) return std::move(*host);
        const auto host_directory = translate(&PathMap::guest_to_host, directory);
        return host_directory ? relative_again(std::move(*host), *host_directory, host_separator()) : std::move(*host);
    }

    /// A path that was relative stays so if it does not lead out of `directory`.
    [[nodiscard]] std::string relative_again(std::string path, std::string_view directory, char separator) const {
        if (question_.absolute) return path;
        const auto length = prefix_length(path, directory, separator);
        if (!length) return path;
        return path.size() == *length ? "." : path.substr(*length);
    }

    const PathQuestion& question_;
    const PathTables& tables_;
    const GuestFiles& files_;
    PathMap share_;
    std::optional<PathMap> agents_;
    PathFlavour flavour_ = PathFlavour::windows;
    bool was_asked_ = false;
    bool is_relative_ = false;
};

}  // namespace

proto::Result<std::string> translate_path(const PathQuestion& question, const PathTables& tables,
                                          const GuestFiles& files) {
    return Translation(question, tables, files).run();
}

bool is_share_name(std::string_view name) {
    const auto is_forbidden = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 ||
               std::string_view("\"*/:<>?\\|").find(c) != std::string_view::npos;
    };
    return !name.empty() && name != "." && name != ".." && utf8_to_utf16(name) &&
           std::none_of(name.begin(), name.end(), is_forbidden);
}

}  // namespace interop
