// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "hostbridge/unique_handle_win.h"
#include "proto/base/result.h"

namespace hostbridge {

/// Why `file` (opened with READ_CONTROL) is not private to this user: somebody else than the user, the system and
/// the administrators, who can read everything anyway, owns it or has any right to it. Nothing if it is private.
proto::Result<std::optional<std::string_view>> why_not_private(HANDLE file);

/// Creates a file that only this user can open; fails if it exists. `path` is as CreateFileW takes it.
proto::Result<UniqueHandle> create_private_file(const wchar_t* path);

/// Makes a directory that only this user can open, with what will be in it; one that exists is left as it is.
proto::Result<void> create_private_directory(const wchar_t* path);

}  // namespace hostbridge
