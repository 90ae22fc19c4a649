// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace init {

/// Mounts the kernel's own file systems (/proc, /sys, /dev, /dev/pts, /dev/shm, /run, /sys/fs/cgroup) where they are not
/// mounted yet, and makes the links and, without devtmpfs, the devices of /dev that programs expect. Returns a sentence
/// for each step that failed; the others are done all the same.
std::vector<std::string> mount_api_file_systems();

}  // namespace init
