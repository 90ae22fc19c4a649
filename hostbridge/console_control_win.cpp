// SPDX-License-Identifier: MIT
#include "hostbridge/console_control_win.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "hostbridge/child_process_win.h"
#include "hostbridge/uv/work.h"

namespace hostbridge {
namespace {

constexpr std::string_view role = "--send-console-event";
constexpr DWORD helper_time_limit_ms = 5000;

// As arguments of the copy, and as its exit codes.
constexpr std::array<const char*, 3> event_names{"ctrl-c", "ctrl-break", "typed-ctrl-c"};
constexpr int exit_code_of_first_outcome = 10;

int to_exit_code(EventOutcome outcome) { return exit_code_of_first_outcome + static_cast<int>(outcome); }

EventOutcome to_outcome(DWORD exit_code) {
    for (const auto outcome : {EventOutcome::sent, EventOutcome::typed, EventOutcome::no_console}) {
        if (exit_code == static_cast<DWORD>(to_exit_code(outcome))) return outcome;
    }
    return EventOutcome::not_possible;
}

/// Whether Ctrl-C is input on our console; then it is typed there.
bool type_ctrl_c() {
    const UniqueHandle input(CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                         nullptr, OPEN_EXISTING, 0, nullptr));
    DWORD mode = 0;
    if (GetConsoleMode(input.get(), &mode) == 0 || (mode & ENABLE_PROCESSED_INPUT) != 0) return false;
    INPUT_RECORD key{};
    key.EventType = KEY_EVENT;
    key.Event.KeyEvent.bKeyDown = TRUE;
    key.Event.KeyEvent.wRepeatCount = 1;
    key.Event.KeyEvent.wVirtualKeyCode = 'C';
    key.Event.KeyEvent.wVirtualScanCode = static_cast<WORD>(MapVirtualKeyW('C', MAPVK_VK_TO_VSC));
    key.Event.KeyEvent.uChar.UnicodeChar = 'C' & 0x1F;
    key.Event.KeyEvent.dwControlKeyState = LEFT_CTRL_PRESSED;
    DWORD written = 0;
    return WriteConsoleInputW(input.get(), &key, 1, &written) != 0 && written == 1;
}

/// SetConsoleCtrlHandler(nullptr, TRUE) would ignore Ctrl-C only.
BOOL WINAPI ignore_event(DWORD) { return TRUE; }

/// In the copy.
EventOutcome raise_event(DWORD id, ConsoleEvent event) {
    FreeConsole();
    if (AttachConsole(id) == 0) return EventOutcome::no_console;
    if (event == ConsoleEvent::typed_ctrl_c && type_ctrl_c()) return EventOutcome::typed;
    SetConsoleCtrlHandler(ignore_event, TRUE);
    const DWORD number = event == ConsoleEvent::ctrl_break ? CTRL_BREAK_EVENT : CTRL_C_EVENT;
    // Group 0: everybody on that console. Ctrl-C cannot be sent to fewer.
    return GenerateConsoleCtrlEvent(number, 0) != 0 ? EventOutcome::sent : EventOutcome::not_possible;
}

struct CloseRequest {
    const std::vector<DWORD>& process_ids;
    bool found;
};

BOOL CALLBACK ask_window_to_close(HWND window, LPARAM parameter) {
    auto* request = reinterpret_cast<CloseRequest*>(parameter);
    DWORD owner = 0;
    GetWindowThreadProcessId(window, &owner);
    const auto& ids = request->process_ids;
    if (std::find(ids.begin(), ids.end(), owner) != ids.end()) {
        request->found = true;
        PostMessageW(window, WM_CLOSE, 0, 0);
    }
    return TRUE;
}

}  // namespace

EventOutcome send_console_event_now(DWORD id, ConsoleEvent event) {
    const std::wstring path = own_program();
    const std::string arguments =
        std::string(role) + ' ' + std::to_string(id) + ' ' + event_names[static_cast<std::size_t>(event)];
    std::wstring command_line = L"hostbridge " + std::wstring(arguments.begin(), arguments.end());
    STARTUPINFOW startup{};
    startup.cb = sizeof startup;
    PROCESS_INFORMATION information{};
    if (CreateProcessW(path.c_str(), command_line.data(), nullptr, nullptr, FALSE, DETACHED_PROCESS, nullptr, nullptr,
                       &startup, &information) == 0) {
        return EventOutcome::not_possible;
    }
    const UniqueHandle thread(information.hThread);
    const UniqueHandle process(information.hProcess);
    DWORD code = EXIT_FAILURE;
    if (WaitForSingleObject(process.get(), helper_time_limit_ms) != WAIT_OBJECT_0) {
        TerminateProcess(process.get(), EXIT_FAILURE);
    } else {
        GetExitCodeProcess(process.get(), &code);
    }
    return to_outcome(code);
}

void send_console_event(uv_loop_t* loop, UniqueHandle process, DWORD id, ConsoleEvent event,
                        std::function<void(EventOutcome)> done) {
    const auto held = std::make_shared<UniqueHandle>(std::move(process));
    const auto outcome = std::make_shared<EventOutcome>(EventOutcome::not_possible);
    uv::queue_work(
        loop, [held, outcome, id, event] { *outcome = send_console_event_now(id, event); },
        [held, outcome, done = std::move(done)] { done(*outcome); });
}

std::optional<int> run_console_control(const std::vector<std::string>& arguments) {
    if (arguments.size() != 4 || arguments[1] != role) return std::nullopt;
    const auto id = static_cast<DWORD>(std::strtoul(arguments[2].c_str(), nullptr, 10));
    const auto name = std::find(event_names.begin(), event_names.end(), arguments[3]);
    if (name == event_names.end()) return EXIT_FAILURE;
    return to_exit_code(raise_event(id, static_cast<ConsoleEvent>(name - event_names.begin())));
}

bool ask_windows_to_close(const std::vector<DWORD>& ids) {
    CloseRequest request{ids, false};
    EnumWindows(ask_window_to_close, reinterpret_cast<LPARAM>(&request));
    return request.found;
}

}  // namespace hostbridge
