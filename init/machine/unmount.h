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

/// Unmounts all of them, as often as one more could be unmounted, and makes read-only what is left and the root directory.
/// Returns a sentence for each that could be neither.
std::vector<std::string> unmount_all();

}  // namespace init
