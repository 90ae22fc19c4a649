// SPDX-License-Identifier: MIT
#include "interop/text/mount_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace interop {
namespace {

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// The kernel writes blanks, line ends and backslashes as a backslash and three octal digits.
std::string unescape(std::string_view field) {
    if (field.find('\\') == std::string_view::npos) return std::string(field);
    std::string text;
    for (std::size_t at = 0; at < field.size(); ++at) {
        unsigned byte = 0;
        const auto digits = field.substr(at).substr(0, 4);
        if (digits.size() == 4 && digits[0] == '\\') {
            const auto [end, problem] = std::from_chars(digits.data() + 1, digits.data() + 4, byte, 8);
            if (problem == std::errc() && end == digits.data() + 4 && byte <= 0xFF) {
                text += static_cast<char>(byte);
                at += 3;
                continue;
            }
        }
        text += field[at];
    }
    return text;
}

/// Takes what is before the next `separator`, and that.
std::string_view take_until(std::string_view& text, char separator) {
    const std::string_view taken = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), taken.size() + 1));
    return taken;
}

std::optional<std::uint64_t> parse_id(std::string_view text) {
    std::uint64_t id = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return id;
}

std::optional<Mount> parse_line(std::string_view line) {
    const auto id = parse_id(take_until(line, ' '));
    const auto parent = parse_id(take_until(line, ' '));
    if (!id || !parent) return std::nullopt;
    Mount mount;
    mount.id = *id;
    mount.parent = *parent;
    mount.device = take_until(line, ' ');
    mount.root = unescape(take_until(line, ' '));
    mount.point = unescape(take_until(line, ' '));
    take_until(line, ' ');                  // options of this mount
    while (take_until(line, ' ') != "-") {  // optional fields
        if (line.empty()) return std::nullopt;
    }
    mount.type = unescape(take_until(line, ' '));
    mount.source = unescape(take_until(line, ' '));
    mount.super_options = line;
    if (!mount.root.starts_with('/') || !mount.point.starts_with('/') || mount.type.empty()) return std::nullopt;
    return mount;
}

bool is_within(std::string_view path, std::string_view directory) {
    if (directory == "/") return true;
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

/// Which mount a path leads to, found as the kernel does: from the root, one directory after the other.
class MountTree {
  public:
    explicit MountTree(const std::vector<Mount>& mounts) {
        std::map<std::uint64_t, const Mount*> by_id;
        for (const Mount& mount : mounts) by_id.emplace(mount.id, &mount);
        for (const Mount& mount : mounts) {
            const auto parent = mount.parent == mount.id ? by_id.end() : by_id.find(mount.parent);
            children_[{parent == by_id.end() ? nullptr : parent->second, mount.point}] = &mount;
        }
    }

    /// The mount on which `path` (absolute, without "." and "..") is. Null if it is on none of the table: in a chroot(2)
    /// that is no mount point, the root directory itself.
    [[nodiscard]] const Mount* find(std::string_view path) const {
        const Mount* found = enter(nullptr, "/");
        for (std::size_t end = 1; path != "/" && end != std::string_view::npos;) {
            end = path.find('/', end);
            found = enter(found, path.substr(0, end));
            if (end != std::string_view::npos) ++end;
        }
        return found;
    }

  private:
    /// The top of what is mounted on `directory` of the mount `within`.
    [[nodiscard]] const Mount* enter(const Mount* within, std::string_view directory) const {
        for (std::size_t depth = 0; depth < children_.size(); ++depth) {  // A table that goes round in circles ends.
            const auto child = children_.find({within, directory});
            if (child == children_.end()) break;
            within = child->second;
        }
        return within;
    }

    std::map<std::pair<const Mount*, std::string_view>, const Mount*> children_;  // by parent and directory
};

/// "drvfs;path=C:\;uid=0": Windows' name for the directory, or nothing. "UNC\server\share" is a network share.
std::optional<std::string> source_of_9p(std::string_view super_options) {
    constexpr std::string_view attach_name = "aname=drvfs";
    constexpr std::string_view path = ";path=";
    constexpr std::string_view share = "UNC\\";
    while (!super_options.empty()) {
        const std::string option = unescape(take_until(super_options, ','));
        if (!option.starts_with(attach_name)) continue;
        const auto begin = option.find(path);
        if (begin == std::string::npos) return std::nullopt;
        std::string_view value = std::string_view(option).substr(begin + path.size());
        value = value.substr(0, value.find(';'));
        if (value.starts_with(share)) return "\\\\" + std::string(value.substr(share.size()));
        return std::string(value);
    }
    return std::nullopt;
}

/// The letter comes after the tag of the drives, or of the drives for administrators.
std::optional<std::string> source_of_virtiofs(std::string_view tag) {
    for (const std::string_view beginning : {"drvfsa", "drvfs"}) {
        if (tag.size() > beginning.size() && tag.starts_with(beginning) && is_letter(tag[beginning.size()])) {
            return std::string{tag[beginning.size()], ':', '\\'};
        }
    }
    return std::nullopt;
}

/// Windows' name for what is mounted there; nothing if it is not Windows'.
std::optional<std::string> windows_source(const Mount& mount) {
    std::optional<std::string> source;
    if (mount.type == "drvfs") source = mount.source;
    if (mount.type == "9p") source = source_of_9p(mount.super_options);
    if (mount.type == "virtiofs") source = source_of_virtiofs(mount.source);
    if (!source || mount.root == "/") return source;
    const std::string below = PathMap(PathFlavour::windows).relative_to_host(std::string_view(mount.root).substr(1));
    return *source + (source->ends_with('\\') ? "" : "\\") + below;
}

/// "/mnt/c" below "/mnt/" is drive C, whatever carries its files here. Nothing without a root.
std::optional<std::string> drive_mounted_at(std::string_view point, std::string_view automount_root) {
    if (automount_root.empty() || !point.starts_with(automount_root)) return std::nullopt;
    point.remove_prefix(automount_root.size());
    if (point.size() != 1 || !is_letter(point.front())) return std::nullopt;
    const char letter = point.front();
    return std::string{letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter, ':', '\\'};
}

/// The mounts of this namespace, and what they tell about the host's directories.
class MountTable {
  public:
    explicit MountTable(const std::vector<Mount>& mounts) : mounts_(mounts), tree_(mounts) {}

    void add_windows_mounts(PathMap& map, std::string_view automount_root) const {
        for (const Mount& mount : mounts_) {
            auto source = windows_source(mount);
            if (!source) source = drive_mounted_at(mount.point, automount_root);
            if (source && is_visible(mount)) add(map, mount, *source);
        }
    }

    void add_bind_mounts(PathMap& map, const PathMap& configured) const {
        std::map<std::string_view, std::vector<const Mount*>> by_device;
        for (const Mount& mount : mounts_) by_device[mount.device].push_back(&mount);
        for (const auto& [device, same] : by_device) {
            if (same.size() < 2) continue;
            for (const Mount* mount : same) {
                if (!is_visible(*mount)) continue;
                const auto original = original_of(*mount, same, configured);
                const auto host = original ? configured.guest_to_host(*original) : std::nullopt;
                if (host) add(map, *mount, *host);
            }
        }
    }

  private:
    /// Whether a path leads to it: not if another mount is on its directory, or on one above it.
    [[nodiscard]] bool is_visible(const Mount& mount) const { return tree_.find(mount.point) == &mount; }

    /// One with a source that is no path of the host tells nothing.
    void add(PathMap& map, const Mount& mount, const std::string& host) const {
        std::vector<std::string> covered;
        for (const Mount& other : mounts_) {
            const bool is_below = other.point != mount.point && is_within(other.point, mount.point);
            if (is_below && is_visible(other)) covered.push_back(other.point);
        }
        static_cast<void>(map.add({mount.point, host, std::move(covered)}));
    }

    /// Where else the guest sees what is mounted at `mount.point`: "/srv/part" if that is a bind mount of it. `same` are the
    /// mounts of its file system. Nothing if `configured` says no more about that place than about this one.
    [[nodiscard]] std::optional<std::string> original_of(const Mount& mount, const std::vector<const Mount*>& same,
                                                         const PathMap& configured) const {
        const auto prefix_length = [&configured](std::string_view path) {
            const PathPrefix* prefix = configured.find_guest_prefix(path);
            return prefix == nullptr ? 0 : prefix->guest.size();
        };
        for (const Mount* other : same) {
            if (other == &mount || !is_within(mount.root, other->root)) continue;
            const std::string below =
                mount.root == other->root ? "" : mount.root.substr(other->root == "/" ? 0 : other->root.size());
            std::string path = below.empty() ? other->point : (other->point == "/" ? "" : other->point) + below;
            if (prefix_length(path) > prefix_length(mount.point) && tree_.find(path) == other) return path;
        }
        return std::nullopt;
    }

    const std::vector<Mount>& mounts_;
    MountTree tree_;
};

}  // namespace

std::vector<Mount> parse_mountinfo(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    while (!mountinfo.empty()) {
        if (auto mount = parse_line(take_until(mountinfo, '\n'))) mounts.push_back(std::move(*mount));
    }
    return mounts;
}

PathMap add_mounts(const PathMap& configured, std::string_view mountinfo, std::string_view automount_root) {
    const bool is_for_windows = configured.empty() || configured.flavour() == PathFlavour::windows;
    PathMap map(is_for_windows ? PathFlavour::windows : PathFlavour::posix);
    const std::vector<Mount> mounts = parse_mountinfo(mountinfo);
    const MountTable table(mounts);
    if (!configured.empty()) table.add_bind_mounts(map, configured);
    if (is_for_windows) table.add_windows_mounts(map, automount_root);
    for (const PathPrefix& prefix : configured.prefixes()) static_cast<void>(map.add(prefix));
    return map;
}

}  // namespace interop
