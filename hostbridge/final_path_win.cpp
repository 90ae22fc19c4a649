// SPDX-License-Identifier: MIT
#include "hostbridge/final_path_win.h"

#include <string_view>

#include "hostbridge/unique_handle_win.h"
#include "hostbridge/windows_text_win.h"

namespace hostbridge {

std::string final_path(const std::string& path) {
    const std::optional<std::wstring> wide = to_wide(path);
    if (!wide) return path;
    const UniqueHandle file(CreateFileW(wide->c_str(), FILE_READ_ATTRIBUTES,
                                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                                        FILE_FLAG_BACKUP_SEMANTICS, nullptr));
    if (!file) return path;
    return final_path_of_handle(file.get()).value_or(path);
}

std::optional<std::string> final_path_of_handle(HANDLE file) {
    std::wstring final(32768, L'\0');
    const DWORD length = GetFinalPathNameByHandleW(file, final.data(), static_cast<DWORD>(final.size()),
                                                   FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
    if (length == 0 || length >= final.size()) return std::nullopt;
    final.resize(length);
    constexpr std::wstring_view unc = L"\\\\?\\UNC\\";
    constexpr std::wstring_view verbatim = L"\\\\?\\";
    if (final.starts_with(unc)) return "\\\\" + to_utf8(std::wstring_view(final).substr(unc.size()));
    if (final.starts_with(verbatim)) return to_utf8(std::wstring_view(final).substr(verbatim.size()));
    return to_utf8(final);
}

}  // namespace hostbridge
