// SPDX-License-Identifier: MIT
#include "init/machine/unmount.h"

#include <sys/mount.h>
#include <sys/swap.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "interop/os/read_file.h"
#include "proto/base/error.h"

namespace init {
namespace {

constexpr std::size_t largest_mountinfo = 16u << 20;

std::string_view take_field(std::string_view& line) {
    const std::string_view field = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(field.size() + 1, line.size()));
    return field;
}

/// The kernel writes blanks and the like as three octal digits.
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](std::size_t at) { return at < text.size() ? text[at] - '0' : -1; };
        const int first = digit(i + 1), second = digit(i + 2), third = digit(i + 3);
        const bool is_escape =
            text[i] == '\\' && first >= 0 && first < 4 && second >= 0 && second < 8 && third >= 0 && third < 8;
        plain += is_escape ? static_cast<char>(first * 64 + second * 8 + third) : text[i];
        if (is_escape) i += 3;
    }
    return plain;
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

bool is_left_alone(std::string_view path, std::string_view type) {
    if (path == "/") return true;
    constexpr std::array<std::string_view, 3> kernels_places{"/proc", "/sys", "/dev"};
    for (const std::string_view place : kernels_places) {
        if (is_at_or_below(path, place)) return true;
    }
    return type == "tmpfs" && is_at_or_below(path, "/run");
}

bool make_read_only(const std::string& path) {
    return ::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
}

}  // namespace

std::vector<std::string> unmount_order(std::string_view mountinfo) {
    std::vector<std::string> order;
    while (!mountinfo.empty()) {
        std::string_view line = mountinfo.substr(0, mountinfo.find('\n'));
        mountinfo.remove_prefix(std::min(line.size() + 1, mountinfo.size()));
        // proc_pid_mountinfo(5): id, parent, device, root, mount point, options, ..., "-", type, source, ...
        for (int skipped = 0; skipped < 4; ++skipped) take_field(line);
        const std::string path = unescape(take_field(line));
        const auto separator = line.find(" - ");
        if (path.empty() || separator == std::string_view::npos) continue;
        line.remove_prefix(separator + 3);
        if (!is_left_alone(path, take_field(line))) order.push_back(path);
    }
    std::ranges::reverse(order);
    return order;
}

std::vector<std::string> unmount_all() {
    std::vector<std::string> left;
    bool has_changed = true;
    // Anew after each round: one unmounting can take others along, and makes room for those below.
    while (has_changed) {
        const auto mounts = interop::read_file("/proc/self/mountinfo", largest_mountinfo);
        if (!mounts) return {mounts.error().message()};
        left = unmount_order(*mounts);
        has_changed = false;
        for (const std::string& path : left) {
            if (::umount2(path.c_str(), UMOUNT_NOFOLLOW) == 0) has_changed = true;
        }
    }
    std::vector<std::string> problems;
    left.emplace_back("/");
    for (const std::string& path : left) {
        ::sync();
        if (make_read_only(path)) continue;
        const int reason = errno;
        // A root directory in memory has no read-only, and nothing to lose.
        if (path == "/" && reason == EINVAL) continue;
        problems.push_back(proto::errno_error(reason, "unmount " + path + " or make it read-only").message());
    }
    return problems;
}

std::vector<std::string> swap_areas(std::string_view swaps) {
    std::vector<std::string> areas;
    swaps.remove_prefix(std::min(swaps.find('\n'), swaps.size()));  // the heading
    while (!swaps.empty()) {
        swaps.remove_prefix(1);
        const std::string_view line = swaps.substr(0, swaps.find('\n'));
        swaps.remove_prefix(line.size());
        if (!line.empty()) areas.push_back(unescape(line.substr(0, line.find_first_of(" \t"))));
    }
    return areas;
}

void stop_swapping() {
    const auto swaps = interop::read_file("/proc/swaps", largest_mountinfo);
    if (!swaps) return;
    for (const std::string& area : swap_areas(*swaps)) ::swapoff(area.c_str());
}

}  // namespace init
