// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "interop/text/path_map.h"
#include "proto/base/result.h"

namespace interop {

/// What `wslpath` is to do with one path.
struct PathQuestion {
    enum class Mode {
        to_guest,  ///< -u
        to_host,   ///< -w
        to_mixed,  ///< -m: as -w, but with slashes.
    };
    Mode mode = Mode::to_guest;
    bool absolute = false;    ///< -a: also of a relative path.
    bool idempotent = false;  ///< A path that is already as wanted stays so.
    std::string path;
};

/// The tables that are asked, one after the other, until one translates the path.
struct PathTables {
    PathMap known;  ///< Configuration and mounts.
    /// The agent's, asked for once at most, and only when `known` does not do. May be empty, and give nothing.
    std::function<std::optional<PathMap>()> ask_agent;
    /// This system's name as a server's share: what no table has is `\\wsl.localhost\NAME\...`. Empty: it has none.
    std::string share_name;
};

/// What is looked up in the guest. The paths are those of the kernel's interface.
struct GuestFiles {
    std::function<std::optional<std::string>()> working_directory;  ///< Absolute; nothing if it has no path.
    /// As realpath(3): ENOENT if it does not exist.
    std::function<proto::Result<std::string>(const std::string& path)> resolve;
};

/// Translates as WSL's `wslpath` does; an Error's message is the reason only. What WSL's version does differently, and
/// is a defect, is in interop/README.md.
/// Source: microsoft/WSL, src/linux/init/wslpath.cpp.
proto::Result<std::string> translate_path(const PathQuestion& question, const PathTables& tables,
                                          const GuestFiles& files);

/// Whether `name` can be that of a share: not empty, UTF-8, and without characters that Windows forbids in names.
bool is_share_name(std::string_view name);

}  // namespace interop
