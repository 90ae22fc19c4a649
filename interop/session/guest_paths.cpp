// SPDX-License-Identifier: MIT
#include "interop/session/guest_paths.h"

#include <string>
#include <string_view>

#include "interop/os/read_file.h"
#include "interop/text/mount_table.h"

namespace interop {
namespace {

// Some 100,000 mounts, which is what the kernel allows (fs.mount-max).
constexpr std::size_t largest_mountinfo = 32u << 20;

bool is_windows_path(std::string_view path) {
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    return path.starts_with("\\\\") || (path.size() >= 2 && path[1] == ':' && is_letter(path[0]));
}

/// A host is Windows or it is not: the first entry decides.
PathMap configured_path_map(const Configuration& configuration) {
    const auto& table = configuration.path_map;
    PathMap map(!table.empty() && is_windows_path(table.front().second) ? PathFlavour::windows : PathFlavour::posix);
    for (const auto& [guest, host] : table) {
        // The parser has accepted the entry; one that the map does not take translates nothing.
        static_cast<void>(map.add({guest, host}));
    }
    return map;
}

}  // namespace

PathMap guest_path_map(const Configuration& configuration) {
    const auto mountinfo = read_file("/proc/self/mountinfo", largest_mountinfo);
    return add_mounts(configured_path_map(configuration), mountinfo ? *mountinfo : std::string());
}

PathMap agent_path_map(const mzinit::v1::Info& info) {
    PathMap map(info.system() == "windows" ? PathFlavour::windows : PathFlavour::posix);
    for (const auto& mapping : info.paths()) static_cast<void>(map.add({mapping.guest(), mapping.host()}));
    return map;
}

}  // namespace interop
