// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>

#include "hostbridge/unique_handle_win.h"

namespace hostbridge {

enum class ChildConsole {
    hidden,  ///< A console of its own without a window, which is what Ctrl-C needs.
    none,    ///< For GUI programs.
};

/// All that CreateProcessW needs. Handles are borrowed.
struct ChildCommand {
    std::wstring application;  ///< Full path.
    std::wstring command_line;
    std::wstring working_directory;
    std::u16string environment;     ///< A block with its two NULs.
    std::array<HANDLE, 3> streams;  ///< Inheritable; the only handles that the child gets.
    HANDLE job;                     ///< The child is in it from the beginning.
    ChildConsole console;
};

struct ChildProcess {
    UniqueHandle process;
    DWORD id = 0;
};

/// Starts it. Returns 0, or the value of GetLastError(). May block for as long as a virus scanner likes.
DWORD create_child(const ChildCommand& command, ChildProcess& child);

}  // namespace hostbridge
