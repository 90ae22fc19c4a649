// SPDX-License-Identifier: MIT
#include "hostbridge/pseudo_console_win.h"

#include <process.h>

#include <algorithm>
#include <limits>

#include "hostbridge/windows_error_win.h"
#include "hostbridge/wine_workarounds_win.h"
#include "proto/base/log.h"

// Since Windows 10 1809, for which the rest of the agent is not declared.
#ifndef PSEUDOCONSOLE_INHERIT_CURSOR
#define PSEUDOCONSOLE_INHERIT_CURSOR 1
#endif

namespace hostbridge {
namespace {

using Create = HRESULT(WINAPI*)(COORD size, HANDLE input, HANDLE output, DWORD flags, void** console);
using Resize = HRESULT(WINAPI*)(void* console, COORD size);
using Close = void(WINAPI*)(void* console);

struct Functions {
    Create create;
    Resize resize;
    Close close;
};

template <typename Function>
Function find(const char* name) {
    return reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"kernel32.dll"), name)));
}

const Functions& functions() {
    static const Functions found{find<Create>("CreatePseudoConsole"), find<Resize>("ResizePseudoConsole"),
                                 find<Close>("ClosePseudoConsole")};
    return found;
}

unsigned __stdcall close_console(void* console) {
    functions().close(console);
    return 0;
}

SHORT length(std::uint32_t wanted, SHORT usual) {
    if (wanted == 0) return usual;
    return static_cast<SHORT>(std::min<std::uint32_t>(wanted, std::numeric_limits<SHORT>::max()));
}

/// The Win32 code that an HRESULT was made of, or the HRESULT itself.
DWORD error_of(HRESULT result) {
    const auto code = static_cast<DWORD>(result);
    return HRESULT_FACILITY(result) == FACILITY_WIN32 ? code & 0xFFFF : code;
}

}  // namespace

COORD console_size(std::uint32_t rows, std::uint32_t columns) {
    return {.X = length(columns, 80), .Y = length(rows, 25)};
}

bool PseudoConsole::is_available() {
    const Functions& found = functions();
    return found.create != nullptr && found.resize != nullptr && found.close != nullptr;
}

proto::Result<PseudoConsole> PseudoConsole::make(COORD size, HANDLE input, HANDLE output) {
    // Without this it would begin by clearing the user's screen.
    const DWORD flags = wine::pseudo_console_ends_of_flags() ? 0 : PSEUDOCONSOLE_INHERIT_CURSOR;
    void* console = nullptr;
    const auto lock = wine::lock_inheritance();
    const HRESULT result = functions().create(size, input, output, flags, &console);
    if (FAILED(result)) return windows_error(error_of(result), "make a pseudoconsole");
    return PseudoConsole(console);
}

proto::Result<void> PseudoConsole::resize(COORD size) {
    if (handle_ == nullptr) return {};
    const HRESULT result = functions().resize(handle_, size);
    if (FAILED(result)) return windows_error(error_of(result), "resize a pseudoconsole");
    return {};
}

void PseudoConsole::close() {
    void* console = std::exchange(handle_, nullptr);
    if (console == nullptr) return;
    // Before Windows 11 24H2 it waits until somebody has read all output, perhaps for ever: on a thread that nobody waits for.
    const UniqueHandle thread(reinterpret_cast<HANDLE>(_beginthreadex(nullptr, 0, close_console, console, 0, nullptr)));
    if (!thread) proto::warn("a pseudoconsole stays open: no thread to close it");
}

}  // namespace hostbridge
