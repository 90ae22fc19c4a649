// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <vector>

#include "hostbridge/unique_handle_win.h"

namespace hostbridge {

enum class ChildConsole {
    hidden,     ///< A console of its own without a window, which is what Ctrl-C needs.
    pseudo,     ///< ChildCommand::pseudo_console.
    inherited,  ///< The caller's, if it has one.
    none,       ///< For GUI programs.
};

/// In UTF-16 units: CreateProcessW takes no longer working directory, whatever the system's setting for long paths.
inline constexpr std::size_t longest_working_directory = MAX_PATH - 2;

/// All that CreateProcessW needs. Handles are borrowed.
struct ChildCommand {
    std::wstring application;  ///< Full path.
    std::wstring command_line;
    std::wstring working_directory;  ///< Empty: the caller's.
    std::u16string environment;      ///< A block with its two NULs; empty: the caller's.
    /// The standard streams. On a pseudoconsole null ones are its own, if create_child() says so; see console_stub_win.h.
    std::array<HANDLE, 3> streams{};
    std::vector<HANDLE> more_handles;  ///< Those and the streams are all that the child gets.
    HANDLE job = nullptr;              ///< The child is in it from the beginning; null: in the caller's, if any.
    ChildConsole console = ChildConsole::hidden;
    void* pseudo_console = nullptr;  ///< An HPCON.
};

struct ChildProcess {
    UniqueHandle process;
    DWORD id = 0;
};

/// The flags of CreateProcessW. None makes a group of its own: that would switch Ctrl-C off in the child.
DWORD creation_flags(ChildConsole console);

/// Starts it. Returns 0, or the value of GetLastError(). May block for as long as a virus scanner likes.
DWORD create_child(const ChildCommand& command, ChildProcess& child);

/// The full path of the running program.
std::wstring own_program();

}  // namespace hostbridge
