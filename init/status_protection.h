// SPDX-License-Identifier: MIT
#pragma once

#include "init/binfmt_table.h"
#include "proto/base/result.h"

/// Keeps others from removing all rules at once, or switching them all off: the file "status" is mounted over itself,
/// read-only, as WSL does it. That holds in this mount namespace and those that get its mounts; a rule can still be
/// removed by its own file.
namespace init {

proto::Result<void> protect_status(const BinfmtTable& table);

/// Undoes it; no failure if it is not protected.
proto::Result<void> unprotect_status(const BinfmtTable& table);

[[nodiscard]] bool is_status_protected(const BinfmtTable& table);

}  // namespace init
