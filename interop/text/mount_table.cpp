// SPDX-License-Identifier: MIT
#include "interop/text/mount_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
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
            children_[{parent == by_id.end() ? nullptr : parent->second, mount.point}] = {&mount, nullptr};
        }
        for (auto& [place, child] : children_) find_top(child, place.second);
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
    struct Child {
        const Mount* mount;
        const Mount* top;  ///< What is mounted on it in turn, and on that; null: that was not found out yet.
    };

    /// The top of what is mounted on `directory` of the mount `within`.
    [[nodiscard]] const Mount* enter(const Mount* within, std::string_view directory) const {
        const auto child = children_.find({within, directory});
        return child == children_.end() ? within : child->second.top;
    }

    /// Of it and of all that is mounted on it, so that no pile is climbed twice.
    void find_top(Child& lowest, std::string_view directory) {
        std::vector<Child*> pile{&lowest};
        while (pile.back()->top == nullptr &&
               pile.size() <= children_.size()) {  // A table that goes round in circles ends.
            const auto next = children_.find({pile.back()->mount, directory});
            if (next == children_.end()) break;
            pile.push_back(&next->second);
        }
        const Child& last = *pile.back();
        const Mount* const top = last.top != nullptr ? last.top : last.mount;
        for (Child* child : pile) child->top = top;
    }

    std::map<std::pair<const Mount*, std::string_view>, Child> children_;  // by parent and directory
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

/// The mounts of one file system to which paths lead, by what they show of it.
class BindMounts {
  public:
    BindMounts(const MountTree& tree, const PathMap& configured, const std::vector<const Mount*>& visible)
        : tree_(tree), configured_(configured) {
        for (const Mount* mount : visible) {
            by_root_[mount->root].push_back({mount, prefix_length(mount->point)});
            if (leads_to_configured(mount->point)) around_configured_[mount->root].push_back(mount);
        }
        for (auto& [root, places] : by_root_) std::ranges::stable_sort(places, std::greater(), &Place::known);
    }

    /// Where else the guest sees what is mounted at `mount.point`: "/srv/part" if that is a bind mount of it. Nothing if
    /// `configured` says no more about that place than about this one.
    [[nodiscard]] std::optional<std::string> original_of(const Mount& mount) const {
        const std::size_t known = prefix_length(mount.point);
        // In a mount of the same directory, or of one above it.
        for (std::string_view root = mount.root;;) {
            if (auto path = original_below(root, mount, known)) return path;
            if (root == "/") return std::nullopt;
            root = root.substr(0, std::max<std::size_t>(root.rfind('/'), 1));
        }
    }

  private:
    struct Place {
        const Mount* mount;
        std::size_t known;  ///< The length of the configured directory that it is in; 0: it is in none.
    };

    [[nodiscard]] std::size_t prefix_length(std::string_view path) const {
        const PathPrefix* prefix = configured_.find_guest_prefix(path);
        return prefix == nullptr ? 0 : prefix->guest.size();
    }

    /// Whether what lies below it may be known better than itself.
    [[nodiscard]] bool leads_to_configured(std::string_view point) const {
        return std::ranges::any_of(configured_.prefixes(), [point](const PathPrefix& prefix) {
            return prefix.guest.size() > point.size() && is_within(prefix.guest, point);
        });
    }

    /// `root` is mount.root or above it.
    [[nodiscard]] std::optional<std::string> original_below(std::string_view root, const Mount& mount,
                                                            std::size_t known) const {
        const std::string_view below = std::string_view(mount.root).substr(root == "/" ? 0 : root.size());
        const auto path_in = [below](const Mount& other) {
            if (below.empty() || below == "/") return other.point;
            return (other.point == "/" ? "" : other.point) + std::string(below);
        };
        if (const auto around = around_configured_.find(root); around != around_configured_.end()) {
            for (const Mount* other : around->second) {
                std::string path = path_in(*other);
                if (prefix_length(path) > known && tree_.find(path) == other) return path;
            }
        }
        if (const auto same = by_root_.find(root); same != by_root_.end()) {
            for (const Place& other : same->second) {
                if (other.known <= known) break;
                std::string path = path_in(*other.mount);
                if (tree_.find(path) == other.mount) return path;
            }
        }
        return std::nullopt;
    }

    const MountTree& tree_;
    const PathMap& configured_;
    std::map<std::string_view, std::vector<Place>> by_root_;  // those that are known best come first
    std::map<std::string_view, std::vector<const Mount*>> around_configured_;
};

/// The mounts of this namespace, and what they tell about the host's directories.
class MountTable {
  public:
    explicit MountTable(const std::vector<Mount>& mounts) : tree_(mounts) {
        for (const Mount& mount : mounts) {
            // Not if another one is on its directory, or on one above it.
            if (tree_.find(mount.point) == &mount) visible_.push_back(&mount);
        }
        for (const Mount* mount : visible_) points_.push_back(mount->point);
        std::ranges::sort(points_);
    }

    void add_windows_mounts(PathMap& map, std::string_view automount_root) const {
        for (const Mount* mount : visible_) {
            auto source = windows_source(*mount);
            if (!source) source = drive_mounted_at(mount->point, automount_root);
            if (source) add(map, *mount, *source);
        }
    }

    void add_bind_mounts(PathMap& map, const PathMap& configured) const {
        std::map<std::string_view, std::vector<const Mount*>> by_device;
        for (const Mount* mount : visible_) by_device[mount->device].push_back(mount);
        for (const auto& [device, same] : by_device) {
            if (same.size() < 2) continue;
            const BindMounts binds(tree_, configured, same);
            for (const Mount* mount : same) {
                const auto original = binds.original_of(*mount);
                const auto host = original ? configured.guest_to_host(*original) : std::nullopt;
                if (host) add(map, *mount, *host);
            }
        }
    }

  private:
    /// One with a source that is no path of the host tells nothing.
    void add(PathMap& map, const Mount& mount, const std::string& host) const {
        const std::string directory = mount.point == "/" ? "/" : mount.point + "/";
        std::vector<std::string> covered;
        for (auto point = std::ranges::upper_bound(points_, directory); point != points_.end(); ++point) {
            if (!point->starts_with(directory)) break;
            covered.emplace_back(*point);
        }
        static_cast<void>(map.add({mount.point, host, std::move(covered)}));
    }

    MountTree tree_;
    std::vector<const Mount*> visible_;     // those to which paths lead, each with a directory of its own
    std::vector<std::string_view> points_;  // these, sorted, so that those below one are neighbours
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
