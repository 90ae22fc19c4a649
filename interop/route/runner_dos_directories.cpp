// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_directories.h"

#include <dirent.h>
#include <strings.h>

#include <cerrno>
#include <cstdlib>

#include "interop/route/exit_code.h"

namespace interop {
namespace {

proto::Result<std::string> real_path(const std::string& path) {
    char* resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return proto::errno_error(errno, "open " + path);
    std::string text = resolved;
    ::free(resolved);
    return text;
}

bool is_unique_name(const std::string& directory, const std::string& name) {
    DIR* entries = ::opendir(directory.c_str());
    if (entries == nullptr) return false;
    bool unique = true;
    while (const dirent* entry = ::readdir(entries)) {
        if (::strcasecmp(entry->d_name, name.c_str()) == 0 && name != entry->d_name) unique = false;
    }
    ::closedir(entries);
    return unique;
}

}  // namespace

std::variant<LocalFailure, std::string> dos_tail_of(const LocalLaunch& launch) {
    auto tail = dos_command_tail(launch.arguments);
    if (tail) return std::move(*tail);
    const bool too_long = tail.error().code == std::errc::argument_list_too_long;
    return LocalFailure{too_long ? "argument list too long (DOS takes 126 bytes)" : tail.error().message(),
                        exit_code::cannot_run};
}

proto::Result<DosDrives> find_dos_drives(const std::string& program) {
    const std::size_t slash = program.rfind('/');
    const auto directory = real_path(program.substr(0, slash == 0 ? 1 : slash));
    if (!directory) return directory.error();
    const auto working_directory = real_path(".");
    if (!working_directory) return proto::Error{working_directory.error().code, "use the working directory"};
    return plan_dos_drives(*directory, *working_directory, is_unique_name);
}

}  // namespace interop
