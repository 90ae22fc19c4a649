// SPDX-License-Identifier: MIT
#include "interop/route/runner_search.h"

#include <sys/stat.h>
#include <unistd.h>

namespace interop {

std::optional<std::string> find_on_path(const std::function<bool(const std::string& path)>& exists,
                                        std::string_view search_path, std::string_view name) {
    while (!search_path.empty()) {
        const auto colon = search_path.find(':');
        const std::string_view directory = search_path.substr(0, colon);
        if (!directory.empty()) {
            std::string candidate = std::string(directory) + "/" + std::string(name);
            if (exists(candidate)) return candidate;
        }
        if (colon == std::string_view::npos) break;
        search_path.remove_prefix(colon + 1);
    }
    return std::nullopt;
}

bool is_executable_file(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace interop
