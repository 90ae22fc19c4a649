// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interop/text/path_map.h"

namespace interop {

/// One line of /proc/PID/mountinfo, its escapes undone but for those of the options.
/// Source: proc_pid_mountinfo(5).
struct Mount {
    std::uint64_t id = 0;
    std::uint64_t parent = 0;  ///< Its own id, or one that is not in the table, at the root.
    std::string device;        ///< "MAJOR:MINOR", the same for every mount of one file system.
    std::string root;   ///< The directory of the file system that is mounted: not "/" for a bind mount of a part.
    std::string point;  ///< Where, as this process sees it.
    std::string type;
    std::string source;
    std::string super_options;
};

/// The lines that are well formed; others are left out.
std::vector<Mount> parse_mountinfo(std::string_view mountinfo);

/// `configured`, which wins where both name the same guest directory, and what the mounts tell of Windows' directories:
/// drvfs, 9p with the attach name "drvfs;path=...", and virtiofs with a drive's tag ("drvfsC0", "drvfsaC0"), whole or a
/// part of them; and bind mounts of what `configured` translates. Mounts that others hide count for nothing, and where
/// something else is mounted below one, its line of the table does not apply. With `automount_root` ("/mnt/"), what is mounted
/// on directories of one letter below it counts as that drive, whatever its file system. The flavour is that of `configured`, or
/// Windows if that is empty.
/// Source: microsoft/WSL, src/linux/init/util.cpp (UtilFindMount).
PathMap add_mounts(const PathMap& configured, std::string_view mountinfo, std::string_view automount_root = {});

}  // namespace interop
