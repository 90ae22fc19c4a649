// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "interop/image/identify.h"
#include "interop/os/unique_fd.h"
#include "proto/base/result.h"
#include "proto/wire/authentication.h"

namespace interop {

/// The file to run, opened once, so that all that is said about it is about the same file.
struct ProgramFile {
    UniqueFd fd;
    std::string absolute_path;  ///< Links resolved where that is possible.
    std::uint64_t size = 0;
    proto::Digest head_digest{};
    ImageDescription image;
    bool runs_natively = false;  ///< A program for Linux that came to us only because of the end of its name.
};

/// Opens and identifies `path`, whose name counts too: consider_name(); `given` is an open descriptor to use in its place, or empty.
proto::Result<ProgramFile> open_program_file(const std::string& path, UniqueFd given);

/// The absolute working directory; empty if it has been removed or cannot be named.
std::string working_directory();

}  // namespace interop
