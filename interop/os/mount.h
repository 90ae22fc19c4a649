// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/base/result.h"

namespace interop {

/// Whether a file system of kind "proc" or "binfmt_misc" is what one finds at `directory`.
bool is_proc_mounted(const std::string& directory) noexcept;
bool is_binfmt_misc_mounted(const std::string& directory) noexcept;

/// Mounts /proc unless it is there.
proto::Result<void> ensure_proc();

/// Makes sure that `directory` shows the rules of our own user namespace, not those of the machine around it:
/// mounts binfmt_misc there unless that has been done. Needs Linux 6.7 in a user namespace.
proto::Result<void> ensure_binfmt_misc(const std::string& directory);

/// Whether this process is in the user namespace that the machine started with. Needs /proc.
bool in_initial_user_namespace() noexcept;

/// The same for the PID namespace.
bool in_initial_pid_namespace() noexcept;

}  // namespace interop
