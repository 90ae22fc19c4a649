// SPDX-License-Identifier: MIT
#include "interop/route/installation.h"

#include <cstdlib>

#include <sys/stat.h>

#include "interop/route/runner_search.h"
#include "interop/route/runner_wine.h"

namespace interop {
namespace {

bool is_file(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// Libraries of Wine are looked for as well, and those are not executable.
bool is_part_of_wine(const std::string& path) {
    return path.ends_with(".so") ? is_file(path) : is_executable_file(path);
}

}  // namespace

Installation find_installation() {
    const char* variable = std::getenv("PATH");
    const std::string_view search_path =
        variable != nullptr && *variable != '\0' ? variable : "/usr/local/bin:/usr/bin:/bin";
    Installation installed;
    installed.wine = find_wine(is_part_of_wine, search_path);
    installed.mono = find_on_path(is_executable_file, search_path, "mono").value_or("");
    installed.dos_emulator = find_dos_emulator(is_executable_file, search_path);
    installed.ape_loader = find_on_path(is_executable_file, search_path, "ape").value_or("");
    if (installed.ape_loader.empty() && is_executable_file("/usr/bin/ape")) installed.ape_loader = "/usr/bin/ape";
    return installed;
}

}  // namespace interop
