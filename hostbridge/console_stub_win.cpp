// SPDX-License-Identifier: MIT
#include "hostbridge/console_stub_win.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace hostbridge {
namespace {

constexpr std::string_view role = "--start-on-console";

/// The longest text that a command line can be.
constexpr std::uint32_t longest_text = 32768;

/// What the stub answers.
struct Reply {
    std::uint32_t error;    ///< A value of GetLastError(); 0: it runs.
    std::uint32_t id;       ///< Of the program's process.
    std::uint64_t process;  ///< A handle of it, in the agent.
};

struct AnonymousPipe {
    UniqueHandle read_end;
    UniqueHandle write_end;
};

bool make_pipe(AnonymousPipe& pipe) {
    HANDLE read_end = nullptr;
    HANDLE write_end = nullptr;
    if (CreatePipe(&read_end, &write_end, nullptr, 0) == 0) return false;
    pipe.read_end.reset(read_end);
    pipe.write_end.reset(write_end);
    return true;
}

bool write_all(HANDLE pipe, const void* bytes, std::size_t size) {
    const char* next = static_cast<const char*>(bytes);
    while (size > 0) {
        DWORD written = 0;
        if (WriteFile(pipe, next, static_cast<DWORD>(size), &written, nullptr) == 0) return false;
        next += written;
        size -= written;
    }
    return true;
}

bool read_all(HANDLE pipe, void* bytes, std::size_t size) {
    char* next = static_cast<char*>(bytes);
    while (size > 0) {
        DWORD count = 0;
        if (ReadFile(pipe, next, static_cast<DWORD>(size), &count, nullptr) == 0 || count == 0) return false;
        next += count;
        size -= count;
    }
    return true;
}

bool write_text(HANDLE pipe, const std::wstring& text) {
    const auto units = static_cast<std::uint32_t>(text.size());
    return write_all(pipe, &units, sizeof units) && write_all(pipe, text.data(), units * sizeof(wchar_t));
}

bool read_text(HANDLE pipe, std::wstring& text) {
    std::uint32_t units = 0;
    if (!read_all(pipe, &units, sizeof units) || units > longest_text) return false;
    text.resize(units);
    return read_all(pipe, text.data(), units * sizeof(wchar_t));
}

std::wstring to_argument(HANDLE handle) {
    return L' ' + std::to_wstring(static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(handle)));
}

HANDLE from_argument(const std::string& text) {
    return reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(std::strtoull(text.c_str(), nullptr, 10)));
}

UniqueHandle own_process(DWORD access) {
    HANDLE copy = nullptr;
    DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &copy, access, FALSE, 0);
    return UniqueHandle(copy);
}

/// CONIN$ or CONOUT$.
UniqueHandle open_console(const wchar_t* name) {
    return UniqueHandle(CreateFileW(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                                    OPEN_EXISTING, 0, nullptr));
}

/// In the stub.
Reply start_program(ChildCommand& command, HANDLE agent) {
    const UniqueHandle input = open_console(L"CONIN$");
    const UniqueHandle output = open_console(L"CONOUT$");
    if (!input || !output) return {GetLastError(), 0, 0};
    const std::array<HANDLE, 3> of_console{input.get(), output.get(), output.get()};
    for (std::size_t stream = 0; stream < of_console.size(); ++stream) {
        if (command.streams[stream] == nullptr) command.streams[stream] = of_console[stream];
    }
    command.console = ChildConsole::inherited;
    ChildProcess program;
    if (const DWORD error = create_child(command, program); error != ERROR_SUCCESS) return {error, 0, 0};
    HANDLE for_agent = nullptr;
    if (DuplicateHandle(GetCurrentProcess(), program.process.get(), agent, &for_agent, 0, FALSE,
                        DUPLICATE_SAME_ACCESS) == 0) {
        const DWORD error = GetLastError();
        TerminateProcess(program.process.get(), EXIT_FAILURE);
        return {error, 0, 0};
    }
    return {ERROR_SUCCESS, program.id, reinterpret_cast<std::uintptr_t>(for_agent)};
}

/// Unlike SetConsoleCtrlHandler(nullptr, TRUE) this is not inherited.
BOOL WINAPI ignore_event(DWORD) { return TRUE; }

}  // namespace

DWORD create_child_by_stub(const ChildCommand& command, ChildProcess& child) {
    AnonymousPipe request;
    AnonymousPipe reply;
    const UniqueHandle agent = own_process(PROCESS_DUP_HANDLE);
    if (!agent || !make_pipe(request) || !make_pipe(reply)) return GetLastError();
    ChildCommand stub = command;
    stub.application = own_program();
    stub.command_line = L"hostbridge " + std::wstring(role.begin(), role.end());
    stub.streams = {};
    // Other children must not get it, so it is none of the stub's own standard streams.
    stub.more_handles = {request.read_end.get(), reply.write_end.get(), agent.get()};
    for (HANDLE handle : command.streams) {
        if (handle != nullptr) stub.more_handles.push_back(handle);
    }
    for (HANDLE handle : {request.read_end.get(), reply.write_end.get(), agent.get(), command.streams[0],
                          command.streams[1], command.streams[2]}) {
        stub.command_line += to_argument(handle);
    }
    ChildProcess helper;
    if (const DWORD error = create_child(stub, helper); error != ERROR_SUCCESS) return error;
    request.read_end.reset();
    reply.write_end.reset();
    Reply answer{};
    // If it dies, both pipes break.
    if (!write_text(request.write_end.get(), command.application) ||
        !write_text(request.write_end.get(), command.command_line) ||
        !read_all(reply.read_end.get(), &answer, sizeof answer)) {
        return ERROR_BROKEN_PIPE;
    }
    child.process.reset(reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(answer.process)));
    child.id = answer.id;
    return answer.error;
}

std::optional<int> run_console_stub(const std::vector<std::string>& arguments) {
    if (arguments.size() != 8 || arguments[1] != role) return std::nullopt;
    // Ctrl-C, typed early, is for the program.
    SetConsoleCtrlHandler(ignore_event, TRUE);
    const UniqueHandle request(from_argument(arguments[2]));
    const UniqueHandle reply(from_argument(arguments[3]));
    const UniqueHandle agent(from_argument(arguments[4]));
    ChildCommand command;
    for (std::size_t stream = 0; stream < command.streams.size(); ++stream) {
        command.streams[stream] = from_argument(arguments[5 + stream]);
    }
    if (!read_text(request.get(), command.application) || !read_text(request.get(), command.command_line)) {
        return EXIT_FAILURE;
    }
    const Reply answer = start_program(command, agent.get());
    return write_all(reply.get(), &answer, sizeof answer) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace hostbridge
