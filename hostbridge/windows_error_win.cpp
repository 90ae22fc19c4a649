// SPDX-License-Identifier: MIT
#include "hostbridge/windows_error_win.h"

#include <array>

#include "hostbridge/windows_text_win.h"

namespace hostbridge {
namespace {

// Missing from the headers of mingw-w64 10.
constexpr DWORD error_virus_infected = 225;
constexpr DWORD error_virus_deleted = 226;
constexpr DWORD error_elevation_required = 740;

// std::system_category of mingw-w64 knows errno values only.
class WindowsCategory final : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "windows"; }
    [[nodiscard]] std::string message(int code) const override {
        return windows_error_text(static_cast<unsigned long>(code));
    }
};

const std::error_category& windows_category() {
    static const WindowsCategory instance;
    return instance;
}

}  // namespace

proto::Error windows_error(unsigned long code, std::string_view doing) {
    return {std::error_code(static_cast<int>(code), windows_category()), std::string(doing)};
}

bool is_windows_error(const proto::Error& error, unsigned long code) {
    return error.code == std::error_code(static_cast<int>(code), windows_category());
}

std::string windows_error_text(unsigned long code) {
    std::array<wchar_t, 512> buffer{};
    const DWORD length =
        FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
                       nullptr, code, 0, buffer.data(), static_cast<DWORD>(buffer.size()), nullptr);
    std::string text = to_utf8({buffer.data(), length});
    text.erase(text.find_last_not_of(". \t\r\n") + 1);
    if (text.empty()) text = "Windows error " + std::to_string(code);
    return text;
}

LaunchFailure launch_failure(unsigned long code) {
    namespace v1 = mzinit::v1;
    switch (code) {
        case ERROR_FILE_NOT_FOUND:
        case ERROR_PATH_NOT_FOUND:
        case ERROR_INVALID_NAME:
        case ERROR_BAD_NETPATH:
        case ERROR_BAD_NET_NAME: return {v1::LAUNCH_ERROR_NOT_FOUND, code, "not found on the host"};
        case ERROR_BAD_FORMAT:
        case ERROR_BAD_EXE_FORMAT:
        case ERROR_INVALID_EXE_SIGNATURE:
        case ERROR_EXE_MARKED_INVALID: return {v1::LAUNCH_ERROR_BAD_FORMAT, code, "not a program that Windows can run"};
        case ERROR_EXE_MACHINE_TYPE_MISMATCH:
            return {v1::LAUNCH_ERROR_WRONG_MACHINE, code, "a program for another kind of processor or Windows"};
        case ERROR_ACCESS_DENIED: return {v1::LAUNCH_ERROR_ACCESS_DENIED, code, "access denied on the host"};
        case ERROR_SHARING_VIOLATION:
        case ERROR_LOCK_VIOLATION:
        case ERROR_ACCESS_DISABLED_BY_POLICY:
        case error_virus_infected:
        case error_virus_deleted: return {v1::LAUNCH_ERROR_ACCESS_DENIED, code, windows_error_text(code)};
        case error_elevation_required:
            return {v1::LAUNCH_ERROR_NEEDS_ELEVATION, code,
                    "needs administrator rights, which the agent does not have"};
        case ERROR_DIRECTORY:
            return {v1::LAUNCH_ERROR_WORKING_DIRECTORY, code, "the working directory cannot be used on the host"};
        case ERROR_FILENAME_EXCED_RANGE:
            return {v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG, code, "argument list or file name too long"};
        case ERROR_MOD_NOT_FOUND:
        case ERROR_PROC_NOT_FOUND:
        case ERROR_DLL_NOT_FOUND:
            return {v1::LAUNCH_ERROR_MISSING_LIBRARY, code, "a DLL or an entry point that it needs is missing"};
        default: return {v1::LAUNCH_ERROR_HOST_FAILURE, code, windows_error_text(code)};
    }
}

}  // namespace hostbridge
