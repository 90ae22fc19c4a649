// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <string_view>
#include <system_error>

#include "proto/base/result.h"

namespace hostbridge::uv {

/// libuv's error numbers (negative, UV_ENOENT and the like). They are the same names on both systems.
const std::error_category& category() noexcept;

inline std::error_code make_error_code(int uv_number) noexcept { return {uv_number, category()}; }

/// An Error for a negative return value; `doing` as in proto::Error.
proto::Error error(int uv_number, std::string_view doing);

/// An Error for a uv_fs_* request that has failed, with the system's own number: errno or GetLastError().
proto::Error file_error(const uv_fs_t& request, std::string_view doing);

/// Whether `error`, of one of the two functions above, is what libuv calls `uv_number` (UV_ENOSPC and the like).
bool means(const proto::Error& error, int uv_number);

/// Success if `uv_number` is not negative.
inline proto::Result<void> check(int uv_number, std::string_view doing) {
    if (uv_number < 0) return error(uv_number, doing);
    return {};
}

}  // namespace hostbridge::uv
