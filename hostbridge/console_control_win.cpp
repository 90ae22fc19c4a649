// SPDX-License-Identifier: MIT
#include "hostbridge/console_control_win.h"

#include <cstdlib>
#include <memory>
#include <string_view>

#include "hostbridge/uv/work.h"

namespace hostbridge {
namespace {

constexpr std::string_view role = "--send-console-event";
constexpr DWORD helper_time_limit_ms = 5000;

std::wstring own_path() {
    std::wstring path(32768, L'\0');
    path.resize(GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size())));
    return path;
}

/// Starts the copy and waits for it.
bool run_helper(DWORD id, ConsoleEvent event) {
    const std::wstring path = own_path();
    std::wstring command_line = L"hostbridge " + std::wstring(role.begin(), role.end()) + L' ' + std::to_wstring(id) +
                                (event == ConsoleEvent::ctrl_c ? L" 0" : L" 1");
    STARTUPINFOW startup{};
    startup.cb = sizeof startup;
    PROCESS_INFORMATION information{};
    if (CreateProcessW(path.c_str(), command_line.data(), nullptr, nullptr, FALSE, DETACHED_PROCESS, nullptr, nullptr,
                       &startup, &information) == 0) {
        return false;
    }
    const UniqueHandle thread(information.hThread);
    const UniqueHandle process(information.hProcess);
    DWORD code = EXIT_FAILURE;
    if (WaitForSingleObject(process.get(), helper_time_limit_ms) != WAIT_OBJECT_0) {
        TerminateProcess(process.get(), EXIT_FAILURE);
    } else {
        GetExitCodeProcess(process.get(), &code);
    }
    return code == EXIT_SUCCESS;
}

/// SetConsoleCtrlHandler(nullptr, TRUE) would ignore Ctrl-C only.
BOOL WINAPI ignore_event(DWORD) { return TRUE; }

struct CloseRequest {
    DWORD process_id;
    bool found;
};

BOOL CALLBACK ask_window_to_close(HWND window, LPARAM parameter) {
    auto* request = reinterpret_cast<CloseRequest*>(parameter);
    DWORD owner = 0;
    GetWindowThreadProcessId(window, &owner);
    if (owner == request->process_id) {
        request->found = true;
        PostMessageW(window, WM_CLOSE, 0, 0);
    }
    return TRUE;
}

}  // namespace

void send_console_event(uv_loop_t* loop, UniqueHandle process, DWORD id, ConsoleEvent event,
                        std::function<void(bool sent)> done) {
    const auto held = std::make_shared<UniqueHandle>(std::move(process));
    const auto sent = std::make_shared<bool>(false);
    uv::queue_work(
        loop, [held, sent, id, event] { *sent = run_helper(id, event); },
        [held, sent, done = std::move(done)] { done(*sent); });
}

std::optional<int> run_console_control(const std::vector<std::string>& arguments) {
    if (arguments.size() != 4 || arguments[1] != role) return std::nullopt;
    const auto id = static_cast<DWORD>(std::strtoul(arguments[2].c_str(), nullptr, 10));
    const DWORD event = arguments[3] == "0" ? CTRL_C_EVENT : CTRL_BREAK_EVENT;
    FreeConsole();
    if (AttachConsole(id) == 0) return EXIT_FAILURE;
    SetConsoleCtrlHandler(ignore_event, TRUE);
    // Group 0: everybody on that console. Ctrl-C cannot be sent to fewer.
    return GenerateConsoleCtrlEvent(event, 0) != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool ask_windows_to_close(DWORD id) {
    CloseRequest request{id, false};
    EnumWindows(ask_window_to_close, reinterpret_cast<LPARAM>(&request));
    return request.found;
}

}  // namespace hostbridge
