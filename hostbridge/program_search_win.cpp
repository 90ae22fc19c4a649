// SPDX-License-Identifier: MIT
#include "hostbridge/program_search.h"

#include "hostbridge/execution_alias.h"
#include "hostbridge/program_name.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/user_environment_win.h"
#include "hostbridge/windows_text_win.h"
#include "interop/text/utf16.h"

#include <winioctl.h>

#include <array>
#include <map>
#include <vector>

namespace hostbridge {
namespace {

/// What the user's environment, as it is now, says about programs.
struct UserVariables {
    std::string path;
    std::string path_ext;
    std::string local_app_data;
};

UserVariables user_variables() {
    UserVariables found;
    const std::map<std::wstring, std::string*> wanted{
        {L"PATH", &found.path}, {L"PATHEXT", &found.path_ext}, {L"LOCALAPPDATA", &found.local_app_data}};
    const std::wstring block = to_wide(std::u16string_view(user_environment_block()));
    for (std::size_t begin = 0; begin < block.size() && block[begin] != 0; begin += wcslen(block.c_str() + begin) + 1) {
        const std::wstring entry = block.c_str() + begin;
        const std::size_t equals = entry.find(L'=', 1);
        if (equals == std::wstring::npos) continue;
        for (const auto& [name, value] : wanted) {
            if (CompareStringOrdinal(entry.c_str(), static_cast<int>(equals), name.c_str(), -1, TRUE) == CSTR_EQUAL) {
                *value = to_utf8(entry.substr(equals + 1));
            }
        }
    }
    return found;
}

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
    const UserVariables user = user_variables();
    const auto names = candidate_names(name, startable_extensions(user.path_ext));
    for (const std::string& directory : search_directories(user.path, ';')) {
        if (auto found = program_in(directory, names)) return found;
    }
    if (auto found = registered_program(names)) return found;
    if (user.local_app_data.empty()) return std::nullopt;
    return program_in(user.local_app_data + "\\Microsoft\\WindowsApps", names);
}

}  // namespace hostbridge
