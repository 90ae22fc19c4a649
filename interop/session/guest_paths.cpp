// SPDX-License-Identifier: MIT
#include "interop/session/guest_paths.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "interop/os/read_file.h"
#include "interop/text/mount_table.h"

namespace interop {
namespace {

// Some 100,000 mounts, which is what the kernel allows (fs.mount-max).
constexpr std::size_t largest_mountinfo = 32u << 20;

/// A host is Windows or it is not, and the parser has seen to it that all entries are of one kind.
PathMap configured_path_map(const Configuration& configuration) {
    const auto& table = configuration.path_map;
    PathMap map(!table.empty() && !table.front().second.starts_with('/') ? PathFlavour::windows : PathFlavour::posix);
    for (const auto& [guest, host] : table) {
        static_cast<void>(map.add({guest, host}));
    }
    return map;
}

}  // namespace

PathMap guest_path_map(const Configuration& configuration) {
    const auto mountinfo = read_file("/proc/self/mountinfo", largest_mountinfo);
    return add_mounts(configured_path_map(configuration), mountinfo ? *mountinfo : std::string(),
                      configuration.automount_root);
}

PathMap agent_path_map(const mzinit::v1::Info& info) {
    PathMap map(info.system() == "windows" ? PathFlavour::windows : PathFlavour::posix);
    for (const auto& mapping : info.paths()) static_cast<void>(map.add({mapping.guest(), mapping.host()}));
    return map;
}

std::string guest_search_path(const PathMap& known, const mzinit::v1::Info& info) {
    const PathMap offered = agent_path_map(info);
    const char separator = offered.flavour() == PathFlavour::windows ? ';' : ':';
    std::string_view left = info.search_path();
    std::vector<std::string> directories;
    while (!left.empty()) {
        const std::string_view directory = left.substr(0, left.find(separator));
        left.remove_prefix(std::min(left.size(), directory.size() + 1));
        auto guest = known.host_to_guest(directory);
        if (!guest) guest = offered.host_to_guest(directory);
        // A colon cannot stand in a PATH.
        if (!guest || guest->find(':') != std::string::npos) continue;
        if (guest->size() > 1 && guest->ends_with('/')) guest->pop_back();
        if (std::ranges::find(directories, *guest) == directories.end()) directories.push_back(std::move(*guest));
    }
    std::string path;
    for (const std::string& directory : directories) path += (path.empty() ? "" : ":") + directory;
    return path;
}

}  // namespace interop
