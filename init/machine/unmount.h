// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace init {

/// What to unmount at the end of a machine, the last mounted first, from the text of /proc/self/mountinfo. Left out are
/// the root directory, and the kernel's own file systems where every machine has them: they hold nothing, and are used
/// until the end. Pure.
std::vector<std::string> unmount_order(std::string_view mountinfo);

/// Unmounts all of them, as long as one more can be, and makes read-only what is left and the root directory.
/// Returns a sentence for each that could be neither.
std::vector<std::string> unmount_all();

/// The files and devices that are swapped to, from the text of /proc/swaps. Pure.
std::vector<std::string> swap_areas(std::string_view swaps);

/// Swaps to none of them any more: a file that is swapped to keeps its file system busy.
void stop_swapping();

}  // namespace init
