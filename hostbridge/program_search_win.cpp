// SPDX-License-Identifier: MIT
#include "hostbridge/program_search.h"

#include "hostbridge/execution_alias.h"
#include "hostbridge/program_name.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/user_environment_win.h"
#include "hostbridge/windows_text_win.h"

#include <winioctl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <type_traits>
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

std::string join(const std::string& directory, const std::string& name) {
    const bool has_separator = directory.ends_with('\\') || directory.ends_with('/');
    return directory + (has_separator ? "" : "\\") + name;
}

std::optional<NamedProgram> program_in(const std::string& directory, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (auto found = program_at(join(directory, name))) return found;
    }
    return std::nullopt;
}

constexpr const wchar_t* app_paths = L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\App Paths";

/// The default value of the program's key below App Paths, where installers register what is on no PATH.
std::optional<NamedProgram> registered_program(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        const auto wide = to_wide(name);
        if (!wide) continue;
        const std::wstring key = std::wstring(app_paths) + L"\\" + *wide;
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

/// Where names are looked for, and with which extensions.
struct SearchPlaces {
    std::vector<std::string> extensions;
    std::vector<std::string> directories;  ///< Of PATH.
    std::string aliases;                   ///< The directory of the execution aliases; empty if there is none.
};

SearchPlaces user_search_places() {
    const std::u16string environment = user_environment_block();
    std::string aliases = variable_in(environment, u"LOCALAPPDATA");
    if (!aliases.empty()) aliases += "\\Microsoft\\WindowsApps";
    return {startable_extensions(variable_in(environment, u"PATHEXT")),
            search_directories(variable_in(environment, u"PATH"), ';'), std::move(aliases)};
}

bool is_on_network(const std::string& directory) {
    if (directory.starts_with("\\\\")) return true;
    const auto root = to_wide(directory.substr(0, 2) + "\\");
    return root && GetDriveTypeW(root->c_str()) == DRIVE_REMOTE;
}

struct CloseSearch {
    using pointer = HANDLE;
    void operator()(HANDLE search) const { FindClose(search); }
};

struct CloseKey {
    void operator()(HKEY key) const { RegCloseKey(key); }
};

/// Tells which names those are, and remembers when no more are wanted.
class FoundPrograms {
  public:
    FoundPrograms(const std::vector<std::string>& extensions, const std::function<bool(std::string)>& found)
        : extensions_(extensions), found_(found) {}

    void list_directory(const std::string& directory) {
        const auto pattern = to_wide(join(directory, "*"));
        if (!pattern || !wants_more_) return;
        WIN32_FIND_DATAW entry{};
        const HANDLE search = FindFirstFileExW(pattern->c_str(), FindExInfoBasic, &entry, FindExSearchNameMatch,
                                               nullptr, FIND_FIRST_EX_LARGE_FETCH);
        if (search == INVALID_HANDLE_VALUE) return;
        const std::unique_ptr<HANDLE, CloseSearch> closed_at_the_end(search);
        do {
            if ((entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) add(to_utf8(entry.cFileName));
        } while (wants_more_ && FindNextFileW(search, &entry) != 0);
    }

    void list_registered() {
        for (HKEY root : {HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE}) {
            HKEY opened = nullptr;
            if (RegOpenKeyExW(root, app_paths, 0, KEY_READ, &opened) != ERROR_SUCCESS) continue;
            const std::unique_ptr<std::remove_pointer_t<HKEY>, CloseKey> key(opened);
            std::array<wchar_t, 256> name{};  // no key's name is longer
            for (DWORD index = 0; wants_more_; ++index) {
                auto size = static_cast<DWORD>(name.size());
                const LSTATUS listed =
                    RegEnumKeyExW(key.get(), index, name.data(), &size, nullptr, nullptr, nullptr, nullptr);
                if (listed != ERROR_SUCCESS) break;
                const std::string program = to_utf8(name.data());
                if (has_one_of(program, extensions_) && registered_program({program})) add(program);
            }
        }
    }

  private:
    void add(std::string name) {
        if (wants_more_ && has_one_of(name, extensions_)) wants_more_ = found_(std::move(name));
    }

    const std::vector<std::string>& extensions_;
    const std::function<bool(std::string)>& found_;
    bool wants_more_ = true;
};

}  // namespace

std::optional<NamedProgram> find_named_program(std::string_view name) {
    const SearchPlaces places = user_search_places();
    const auto names = candidate_names(name, places.extensions);
    for (const std::string& directory : places.directories) {
        if (auto found = program_in(directory, names)) return found;
    }
    if (auto found = registered_program(names)) return found;
    if (places.aliases.empty()) return std::nullopt;
    return program_in(places.aliases, names);
}

void list_named_programs(const std::function<bool(std::string)>& found) {
    SearchPlaces places = user_search_places();
    const auto first_on_network =
        std::stable_partition(places.directories.begin(), places.directories.end(),
                              [](const std::string& directory) { return !is_on_network(directory); });
    FoundPrograms programs(places.extensions, found);
    std::for_each(places.directories.begin(), first_on_network,
                  [&](const std::string& directory) { programs.list_directory(directory); });
    if (!places.aliases.empty()) programs.list_directory(places.aliases);
    programs.list_registered();
    std::for_each(first_on_network, places.directories.end(),
                  [&](const std::string& directory) { programs.list_directory(directory); });
}

}  // namespace hostbridge
