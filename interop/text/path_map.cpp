// SPDX-License-Identifier: MIT
#include "interop/text/path_map.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "interop/text/utf16.h"
#include "interop/text/windows_file_name.h"

namespace interop {
namespace {

/// An absolute path in pieces. `root` is "" for POSIX, "X:" or "\\server\share" for Windows.
struct SplitPath {
    std::string root;
    std::vector<std::string> components;
    bool has_trailing_separator = false;
};

enum class AboveRoot { stays, fails };

/// Resolves `.`, `..` and empty components; false if `..` leads above the root and that fails.
bool split_components(std::string_view text, char separator, AboveRoot above_root, SplitPath& path) {
    path.has_trailing_separator = text.empty() || text.back() == separator;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(separator, begin), text.size());
        const std::string_view component = text.substr(begin, end - begin);
        begin = end + 1;
        if (component.empty() || component == ".") continue;
        if (component != "..") {
            path.components.emplace_back(component);
        } else if (!path.components.empty()) {
            path.components.pop_back();
        } else if (above_root == AboveRoot::fails) {
            return false;
        }
    }
    return true;
}

std::optional<SplitPath> split_posix(std::string_view text) {
    if (text.empty() || text[0] != '/' || text.find('\0') != std::string_view::npos) return std::nullopt;
    SplitPath path;
    split_components(text.substr(1), '/', AboveRoot::stays, path);
    return path;
}

bool is_drive(std::string_view text) {
    return text.size() >= 2 && text[1] == ':' &&
           ((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z'));
}

/// "\\server\share...", without the two backslashes. "." and "?" as servers are device paths, not files.
std::optional<SplitPath> split_unc(std::string_view text) {
    const std::size_t server_end = text.find('\\');
    if (server_end == std::string_view::npos || server_end == 0) return std::nullopt;
    const std::string_view server = text.substr(0, server_end);
    if (server == "." || server == "?") return std::nullopt;
    const std::size_t share_begin = text.find_first_not_of('\\', server_end);
    if (share_begin == std::string_view::npos) return std::nullopt;
    const std::size_t share_end = std::min(text.find('\\', share_begin), text.size());
    SplitPath path;
    path.root = "\\\\" + std::string(server) + "\\" + std::string(text.substr(share_begin, share_end - share_begin));
    const std::string_view rest = text.substr(share_end);
    if (!split_components(rest.empty() ? "." : rest, '\\', AboveRoot::fails, path)) return std::nullopt;
    return path;
}

std::optional<SplitPath> split_windows(std::string_view given) {
    if (given.find('\0') != std::string_view::npos || !utf8_to_utf16(given)) return std::nullopt;
    std::string text(given);
    std::replace(text.begin(), text.end(), '/', '\\');
    std::string_view rest = text;
    if (rest.starts_with("\\\\?\\") && is_drive(rest.substr(4))) rest.remove_prefix(4);
    if (rest.starts_with("\\\\")) {
        rest.remove_prefix(2);
        return split_unc(rest);
    }
    // "X:" alone and "X:name" are relative to that drive's own working directory.
    if (!is_drive(rest) || rest.size() < 3 || rest[2] != '\\') return std::nullopt;
    SplitPath path;
    path.root = rest.substr(0, 2);
    if (!split_components(rest.substr(3), '\\', AboveRoot::fails, path)) return std::nullopt;
    return path;
}

std::optional<SplitPath> split_host(std::string_view text, PathFlavour flavour) {
    return flavour == PathFlavour::posix ? split_posix(text) : split_windows(text);
}

std::string join(const SplitPath& path, char separator) {
    std::string text = path.root;
    for (const std::string& component : path.components) {
        text += separator;
        text += component;
    }
    // A bare root is a directory only with its separator; "\\server\share" is one without.
    const bool needs_separator = path.components.empty() && !path.root.starts_with("\\\\");
    if (path.has_trailing_separator || needs_separator) text += separator;
    return text;
}

bool is_forbidden_on_windows(unsigned char byte) {
    return (byte >= 0x01 && byte <= 0x1F) ||
           std::string_view("\"*:<>?\\|").find(static_cast<char>(byte)) != std::string_view::npos;
}

std::string escape_component(std::string_view component) {
    std::string escaped;
    for (const char c : component) {
        const auto byte = static_cast<unsigned char>(c);
        if (!is_forbidden_on_windows(byte)) {
            escaped += c;
            continue;
        }
        // U+F000 + byte in UTF-8.
        escaped += '\xEF';
        escaped += static_cast<char>(0x80 | (byte >> 6));
        escaped += static_cast<char>(0x80 | (byte & 0x3F));
    }
    return escaped;
}

/// Only what escape_component makes is undone: other private characters, and full-width punctuation above them,
/// are parts of names.
std::string unescape_component(std::string_view component) {
    std::string plain;
    for (std::size_t index = 0; index < component.size(); ++index) {
        if (component[index] == '\xEF' && index + 2 < component.size()) {
            const auto second = static_cast<unsigned char>(component[index + 1]);
            const auto third = static_cast<unsigned char>(component[index + 2]);
            const auto byte = static_cast<unsigned char>(((second & 0x01u) << 6) | (third & 0x3Fu));
            if ((second == 0x80 || second == 0x81) && (third & 0xC0) == 0x80 && is_forbidden_on_windows(byte)) {
                plain += static_cast<char>(byte);
                index += 2;
                continue;
            }
        }
        plain += component[index];
    }
    return plain;
}

bool is_same_name(std::string_view left, std::string_view right, PathFlavour flavour) {
    if (flavour == PathFlavour::posix || left == right) return left == right;
    const std::optional<std::u16string> of_left = utf8_to_utf16(left);
    const std::optional<std::u16string> of_right = utf8_to_utf16(right);
    return of_left && of_right && compare_ignoring_case(*of_left, *of_right) == 0;
}

/// Whether `path` is `prefix` or below it.
bool is_within(const SplitPath& path, const SplitPath& prefix, PathFlavour flavour) {
    if (path.components.size() < prefix.components.size()) return false;
    if (!is_same_name(path.root, prefix.root, flavour)) return false;
    return std::equal(
        prefix.components.begin(), prefix.components.end(), path.components.begin(),
        [flavour](const std::string& left, const std::string& right) { return is_same_name(left, right, flavour); });
}

/// The same for normal guest paths.
bool is_within_guest(std::string_view path, std::string_view directory) {
    if (directory == "/") return true;
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

/// Without a slash at its end, but for "/".
std::string normal_guest_path(SplitPath path) {
    path.has_trailing_separator = false;
    return join(path, '/');
}

/// The line of the table under which the guest sees `path`.
const PathPrefix* longest_guest_prefix(const std::vector<PathPrefix>& prefixes, const SplitPath& path) {
    const std::string text = normal_guest_path(path);
    const PathPrefix* best = nullptr;
    for (const PathPrefix& prefix : prefixes) {
        if (!is_within_guest(text, prefix.guest)) continue;
        const bool is_covered =
            std::any_of(prefix.covered.begin(), prefix.covered.end(),
                        [&text](const auto& directory) { return is_within_guest(text, directory); });
        if (is_covered) continue;
        if (best == nullptr || prefix.guest.size() > best->guest.size()) best = &prefix;
    }
    return best;
}

/// `path` with `from` at its beginning replaced by `to`, and `convert` applied to what follows it.
template <typename Convert>
SplitPath replace_prefix(const SplitPath& path, const SplitPath& from, SplitPath to, Convert convert) {
    for (std::size_t index = from.components.size(); index < path.components.size(); ++index) {
        to.components.push_back(convert(path.components[index]));
    }
    to.has_trailing_separator = path.has_trailing_separator;
    return to;
}

proto::Error bad_map(std::string_view text, std::string_view reason) {
    return proto::errno_error(EINVAL, "map " + std::string(text) + " (" + std::string(reason) + ")");
}

}  // namespace

bool names_files_only(std::string_view host, PathFlavour flavour) {
    const std::optional<SplitPath> path = split_host(host, flavour);
    if (!path || flavour == PathFlavour::posix) return path.has_value();
    return std::all_of(path->components.begin(), path->components.end(), [](const std::string& name) {
        // Dots and blanks at the end are not looked at by Windows, which asks then what the rest is.
        return is_windows_file_name(std::string_view(name).substr(0, name.find_last_not_of(". ") + 1));
    });
}

bool has_exact_names(std::string_view host, PathFlavour flavour) {
    const std::optional<SplitPath> path = split_host(host, flavour);
    if (!path || flavour == PathFlavour::posix) return path.has_value();
    return std::none_of(path->components.begin(), path->components.end(),
                        [](const std::string& name) { return name.ends_with('.') || name.ends_with(' '); });
}

bool is_plain_host_path(std::string_view host, PathFlavour flavour) {
    return names_files_only(host, flavour) && (flavour == PathFlavour::posix || is_drive(host));
}

proto::Result<PathPrefix> PathMap::parse(std::string_view text, PathFlavour flavour) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return bad_map(text, "it is not GUEST=HOST");
    PathPrefix prefix{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)), {}};
    PathMap scratch(flavour);
    if (const proto::Result<void> added = scratch.add(std::move(prefix)); !added) return added.error();
    return scratch.prefixes_.front();
}

proto::Result<void> PathMap::add(PathPrefix prefix) {
    const std::string text = prefix.guest + "=" + prefix.host;
    std::optional<SplitPath> guest = split_posix(prefix.guest);
    if (!guest) return bad_map(text, "the guest's path is not absolute");
    if (flavour_ == PathFlavour::windows && is_drive(prefix.host) && prefix.host.size() == 2) prefix.host += '\\';
    std::optional<SplitPath> host = split_host(prefix.host, flavour_);
    if (!host) return bad_map(text, "the host's path is not absolute");
    host->has_trailing_separator = false;
    PathPrefix normal{
        normal_guest_path(*std::move(guest)), join(*host, flavour_ == PathFlavour::posix ? '/' : '\\'), {}};
    for (const std::string& directory : prefix.covered) {
        auto split = split_posix(directory);
        if (!split) return bad_map(text, "a directory below it is not absolute");
        normal.covered.push_back(normal_guest_path(*std::move(split)));
    }
    const auto [place, is_new] = places_.try_emplace(normal.guest, prefixes_.size());
    if (is_new) {
        prefixes_.push_back(std::move(normal));
    } else {
        prefixes_[place->second] = std::move(normal);
    }
    return {};
}

const PathPrefix* PathMap::find_guest_prefix(std::string_view guest) const {
    const std::optional<SplitPath> path = split_posix(guest);
    return path ? longest_guest_prefix(prefixes_, *path) : nullptr;
}

std::optional<std::string> PathMap::guest_to_host(std::string_view guest) const {
    const std::optional<SplitPath> path = split_posix(guest);
    if (!path) return std::nullopt;
    const PathPrefix* prefix = longest_guest_prefix(prefixes_, *path);
    if (prefix == nullptr) return std::nullopt;
    const SplitPath from = *split_posix(prefix->guest);
    const SplitPath to = *split_host(prefix->host, flavour_);
    if (flavour_ == PathFlavour::posix) {
        return join(replace_prefix(*path, from, to, [](const std::string& name) { return name; }), '/');
    }
    std::string host = join(replace_prefix(*path, from, to, escape_component), '\\');
    // The guest's part of it: Linux takes any bytes for a name.
    if (!utf8_to_utf16(host)) return std::nullopt;
    return host;
}

std::optional<std::string> PathMap::host_to_guest(std::string_view host) const {
    const std::optional<SplitPath> path = split_host(host, flavour_);
    if (!path) return std::nullopt;
    struct Candidate {
        const PathPrefix* prefix;
        SplitPath host;
    };
    std::vector<Candidate> candidates;
    for (const PathPrefix& prefix : prefixes_) {
        SplitPath split = *split_host(prefix.host, flavour_);
        if (is_within(*path, split, flavour_)) candidates.push_back({&prefix, std::move(split)});
    }
    std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& left, const Candidate& right) {
        return left.host.components.size() > right.host.components.size();
    });
    for (const Candidate& candidate : candidates) {
        const SplitPath to = *split_posix(candidate.prefix->guest);
        const SplitPath guest =
            flavour_ == PathFlavour::posix
                ? replace_prefix(*path, candidate.host, to, [](const std::string& name) { return name; })
                : replace_prefix(*path, candidate.host, to, unescape_component);
        if (longest_guest_prefix(prefixes_, guest) == candidate.prefix) return join(guest, '/');
    }
    return std::nullopt;
}

std::string PathMap::relative_to_host(std::string_view relative) const {
    if (flavour_ == PathFlavour::posix) return std::string(relative);
    std::string converted;
    for (std::size_t begin = 0; begin <= relative.size();) {
        const std::size_t end = std::min(relative.find('/', begin), relative.size());
        if (begin != 0) converted += '\\';
        converted += escape_component(relative.substr(begin, end - begin));
        begin = end + 1;
    }
    return converted;
}

}  // namespace interop
