// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "init/binfmt_table.h"
#include "proto/base/result.h"

/// How `mzinit unregister` tells an init that looks after a rule that its removal is wanted: a file in /run/mzinit for
/// each rule of each table (user namespaces may share /run, and have tables of their own).
namespace init {

/// From now on nobody puts the rule back. To be called before it is removed.
proto::Result<void> mark_unregistered(const BinfmtTable& table, const std::string& name);

/// The rule is wanted again. To be called when it is there.
void unmark_unregistered(const BinfmtTable& table, const std::string& name);

[[nodiscard]] bool is_marked_unregistered(const BinfmtTable& table, const std::string& name);

}  // namespace init
