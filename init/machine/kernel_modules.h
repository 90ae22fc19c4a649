// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

namespace init {

/// The files of module `name` and of those that it needs, in the order in which they have to be loaded, as modules.dep(5)
/// has them; nothing if it does not know the module. "-" and "_" are the same in names. Pure.
std::optional<std::vector<std::string>> module_files(std::string_view modules_dep, std::string_view name);

/// Whether modules.builtin lists the module: it is part of the kernel. Pure.
bool is_builtin_module(std::string_view modules_builtin, std::string_view name);

/// Loads a module and what it needs from /lib/modules/RELEASE, without parameters and without a look at /etc/modprobe.d.
/// No failure if it is loaded already, or part of the kernel.
proto::Result<void> load_kernel_module(const std::string& name);

}  // namespace init
