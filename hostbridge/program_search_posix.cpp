// SPDX-License-Identifier: MIT
#include "hostbridge/program_search.h"

#include <array>
#include <cstdlib>
#include <vector>

#include "hostbridge/program_name.h"
#include "hostbridge/uv/file.h"
#include "proto/base/ascii_case.h"

namespace hostbridge {
namespace {

bool is_windows_program(const std::string& path) {
    // Asked first: opening a FIFO would wait for somebody who writes.
    const auto status = uv::stat_path(path);
    if (!status || !uv::is_regular_file(*status)) return false;
    const auto file = uv::open_for_reading(path);
    if (!file) return false;
    std::array<char, 2> magic{};
    const auto size = uv::read_at(file->get(), 0, magic);
    return size && *size == magic.size() && magic[0] == 'M' && magic[1] == 'Z';
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// Where a 64-bit prefix has Windows' own programs, and a user's among them.
std::vector<std::string> wine_directories() {
    std::string prefix = variable("WINEPREFIX");
    if (prefix.empty() && !variable("HOME").empty()) prefix = variable("HOME") + "/.wine";
    if (!prefix.starts_with('/')) return {};
    return {prefix + "/drive_c/windows/system32", prefix + "/drive_c/windows", prefix + "/drive_c/windows/syswow64"};
}

std::vector<std::string> known_extensions() { return {".exe", ".com"}; }

/// False if no more are wanted.
bool list_programs_in(const std::string& directory, const std::function<bool(const std::string&)>& is_looked_for,
                      const std::function<bool(std::string)>& found) {
    const auto names = uv::list_directory(directory);
    if (!names) return true;
    for (const std::string& name : *names) {
        if (!is_looked_for(name) || !is_windows_program(directory + "/" + name)) continue;
        if (!found(name)) return false;
    }
    return true;
}

}  // namespace

std::optional<NamedProgram> find_named_program(std::string_view name) {
    const std::vector<std::string> names = candidate_names(name, known_extensions());
    for (const std::string& directory : search_directories(variable("PATH"), ':')) {
        for (const std::string& candidate : names) {
            const std::string path = directory + "/" + candidate;
            if (is_windows_program(path)) return NamedProgram{path, path};
        }
    }
    for (const std::string& directory : wine_directories()) {
        for (const std::string& candidate : names) {
            // Wine's own are written so; to Windows any case would do.
            const std::string path = directory + "/" + proto::ascii_lower(candidate);
            if (is_windows_program(path)) return NamedProgram{path, path};
        }
    }
    return std::nullopt;
}

void list_named_programs(const std::function<bool(std::string)>& found) {
    const auto is_program_name = [extensions = known_extensions()](const std::string& name) {
        return has_one_of(name, extensions);
    };
    for (const std::string& directory : search_directories(variable("PATH"), ':')) {
        if (!list_programs_in(directory, is_program_name, found)) return;
    }
    const auto is_lower_case = [&](const std::string& name) {
        return is_program_name(name) && name == proto::ascii_lower(name);
    };
    for (const std::string& directory : wine_directories()) {
        if (!list_programs_in(directory, is_lower_case, found)) return;
    }
}

}  // namespace hostbridge
