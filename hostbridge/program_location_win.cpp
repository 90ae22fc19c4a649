// SPDX-License-Identifier: MIT
#include "hostbridge/program_location.h"

#include <fcntl.h>
#include <io.h>

#include <cerrno>

#include "hostbridge/final_path_win.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/windows_error_win.h"

namespace hostbridge {
namespace {

HANDLE handle_of(uv_file file) { return reinterpret_cast<HANDLE>(::_get_osfhandle(file)); }

}  // namespace

proto::Result<std::string> final_path_of(uv_file file) {
    auto path = final_path_of_handle(handle_of(file));
    if (!path) return windows_error(GetLastError(), "find out where an open file is");
    return std::move(*path);
}

std::string final_path_of_directory(const std::string& path) { return final_path(path); }

proto::Result<uv::Descriptor> hold_unchanged(uv_file file) {
    UniqueHandle held(ReOpenFile(handle_of(file), GENERIC_READ, FILE_SHARE_READ, 0));
    if (!held) return windows_error(GetLastError(), "keep a program from being changed");
    uv::Descriptor descriptor(::_open_osfhandle(reinterpret_cast<intptr_t>(held.get()), _O_RDONLY | _O_NOINHERIT));
    if (!descriptor) return proto::errno_error(errno, "keep a program from being changed");
    held.release();
    return descriptor;
}

}  // namespace hostbridge
