// SPDX-License-Identifier: MIT
#include "hostbridge/host_system.h"

#include <io.h>

#include <cerrno>
#include <cstdlib>

#include "hostbridge/child_process_win.h"
#include "hostbridge/console_control_win.h"
#include "hostbridge/console_stub_win.h"
#include "hostbridge/console_users_win.h"
#include "hostbridge/random.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/user_environment_win.h"
#include "hostbridge/uv/descriptor.h"
#include "hostbridge/windows_error_win.h"
#include "hostbridge/windows_text_win.h"

#include <shellapi.h>

namespace hostbridge {
namespace {

proto::Result<void> write_all(HANDLE file, std::string_view text, const std::string& where) {
    while (!text.empty()) {
        DWORD written = 0;
        const auto size = static_cast<DWORD>(text.size());
        if (WriteFile(file, text.data(), size, &written, nullptr) == 0) {
            return windows_error(GetLastError(), "write " + where);
        }
        text.remove_prefix(written);
    }
    return {};
}

}  // namespace

std::string_view system_name() { return "windows"; }

interop::PathFlavour path_flavour() { return interop::PathFlavour::windows; }

std::vector<std::string> utf8_arguments(int argc, char** argv) {
    int count = 0;
    wchar_t** wide = CommandLineToArgvW(GetCommandLineW(), &count);
    if (wide == nullptr) return {argv, argv + argc};
    std::vector<std::string> arguments;
    for (int index = 0; index < count; ++index) arguments.push_back(to_utf8(wide[index]));
    LocalFree(wide);
    return arguments;
}

std::optional<int> run_as_helper(const std::vector<std::string>& arguments) {
    if (const auto code = run_console_stub(arguments)) return code;
    if (const auto code = run_console_count(arguments)) return code;
    return run_console_control(arguments);
}

void prepare_agent_process() {
    // Inherited by the programs. Otherwise a missing DLL opens a box that nobody sees, and waits for its button.
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    // If the agent was started with Ctrl-C ignored, its children would never get one.
    SetConsoleCtrlHandler(nullptr, FALSE);
}

bool can_start_in(const std::string& directory) {
    const auto wide = to_wide(directory);
    return wide && wide->size() <= longest_working_directory;
}

std::string user_search_path() { return variable_in(user_environment_block(), u"PATH"); }

void set_own_variable(const char* name, const char* value) {
    // The system's function would not reach getenv(). Empty removes.
    ::_putenv_s(name, value != nullptr ? value : "");
}

std::uint32_t own_user_id() { return 0; }

bool shares_own_namespaces(std::uint32_t) { return false; }

proto::Result<void> write_and_close(int fd, std::string_view text) {
    const uv::Descriptor owned(fd);
    while (!text.empty()) {
        const int size = ::_write(fd, text.data(), static_cast<unsigned>(text.size()));
        if (size < 0) return proto::errno_error(errno, "write to descriptor " + std::to_string(fd));
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return {};
}

proto::Result<void> write_file_atomically(const std::string& path, std::string_view text) {
    const auto random = random_nonce();
    if (!random) return random.error();
    const std::string temporary =
        path + "." + std::to_string(GetCurrentProcessId()) + "-" + std::to_string((*random)[0]);
    const auto wide_path = to_wide(path);
    const auto wide_temporary = to_wide(temporary);
    if (!wide_path || !wide_temporary) return proto::errno_error(EILSEQ, "create " + path);
    UniqueHandle file(
        CreateFileW(wide_temporary->c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file) return windows_error(GetLastError(), "create " + path);
    auto written = write_all(file.get(), text, path);
    file.reset();
    if (written && MoveFileExW(wide_temporary->c_str(), wide_path->c_str(), MOVEFILE_REPLACE_EXISTING) == 0) {
        written = windows_error(GetLastError(), "create " + path);
    }
    if (!written) DeleteFileW(wide_temporary->c_str());
    return written;
}

}  // namespace hostbridge
