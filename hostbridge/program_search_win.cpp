// SPDX-License-Identifier: MIT
#include "hostbridge/program_search.h"

#include "hostbridge/execution_alias.h"
#include "hostbridge/program_name.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/user_environment_win.h"
#include "hostbridge/windows_text_win.h"

#include <winioctl.h>

#include <array>
#include <vector>

namespace hostbridge {
namespace {

std::optional<std::string> alias_target(const std::wstring& path) {
    const UniqueHandle file(CreateFileW(path.c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                        nullptr, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
    std::array<std::byte, MAXIMUM_REPARSE_DATA_BUFFER_SIZE> data{};
    DWORD size = 0;
    if (!file || DeviceIoControl(file.get(), FSCTL_GET_REPARSE_POINT, nullptr, 0, data.data(),
                                 static_cast<DWORD>(data.size()), &size, nullptr) == 0) {
        return std::nullopt;
    }
    const auto target = execution_alias_target(std::span(data).first(size));
    if (!target) return std::nullopt;
    return to_utf8(to_wide(std::u16string_view(*target)));
}

std::optional<NamedProgram> program_at(const std::string& path) {
    const auto wide = to_wide(path);
    if (!wide) return std::nullopt;
    const DWORD attributes = GetFileAttributesW(wide->c_str());
    if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) return std::nullopt;
    std::optional<std::string> target;
    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) target = alias_target(*wide);
    return NamedProgram{path, target.value_or(path)};
}

std::optional<NamedProgram> program_in(const std::string& directory, const std::vector<std::string>& names) {
    const bool has_separator = directory.ends_with('\\') || directory.ends_with('/');
    for (const std::string& name : names) {
        if (auto found = program_at(directory + (has_separator ? "" : "\\") + name)) return found;
    }
    return std::nullopt;
}

/// The default value of the program's key below App Paths, where installers register what is on no PATH.
std::optional<NamedProgram> registered_program(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        const auto wide = to_wide(name);
        if (!wide) continue;
        const std::wstring key = L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\App Paths\\" + *wide;
        for (HKEY root : {HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE}) {
            std::array<wchar_t, 4096> value{};
            DWORD size = sizeof value;
            // Expands a REG_EXPAND_SZ as well.
            if (RegGetValueW(root, key.c_str(), nullptr, RRF_RT_REG_SZ, nullptr, value.data(), &size) !=
                ERROR_SUCCESS) {
                continue;
            }
            const auto directories = search_directories(to_utf8(value.data()), ';');
            // Absolute, and one: not a command line.
            if (directories.size() != 1) continue;
            if (auto found = program_at(directories.front())) return found;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<NamedProgram> find_named_program(std::string_view name) {
    const std::u16string environment = user_environment_block();
    const auto names = candidate_names(name, startable_extensions(variable_in(environment, u"PATHEXT")));
    for (const std::string& directory : search_directories(variable_in(environment, u"PATH"), ';')) {
        if (auto found = program_in(directory, names)) return found;
    }
    if (auto found = registered_program(names)) return found;
    const std::string local_app_data = variable_in(environment, u"LOCALAPPDATA");
    if (local_app_data.empty()) return std::nullopt;
    return program_in(local_app_data + "\\Microsoft\\WindowsApps", names);
}

}  // namespace hostbridge
