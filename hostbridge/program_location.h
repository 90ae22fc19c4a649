// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "hostbridge/uv/descriptor.h"
#include "proto/base/result.h"

/// For decisions about a program that must still be true when it is started. They wait for the disk: on the work queue.
namespace hostbridge {

/// The final path of an open file or directory: absolute, links and junctions followed, on Windows with long names. UTF-8 on
/// Windows. An Error if none leads to it, because it was removed or is mounted for others only, or (Windows) none with a drive
/// letter or share.
proto::Result<std::string> final_path_of(uv_file file);

/// The same of a directory by its path; `path` itself where it cannot be found out.
std::string final_path_of_directory(const std::string& path);

/// Another descriptor of that file. On Windows, while it is open the file can be neither written, renamed nor removed, and the Error
/// is that somebody has it open for that; Linux knows nothing like it.
proto::Result<uv::Descriptor> hold_unchanged(uv_file file);

}  // namespace hostbridge
