// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hostbridge/unique_handle_win.h"

namespace hostbridge {

enum class ConsoleEvent {
    ctrl_c,
    ctrl_break,
    typed_ctrl_c,  ///< Ctrl-C if the console makes that of what is typed, else the key as input.
};

enum class EventOutcome {
    sent,
    typed,        ///< As a key; nobody was sent anything.
    no_console,   ///< The process has none, or is not there any more.
    not_possible  ///< There is a console, but the event cannot be raised.
};

/// Raises `event` in every process on the console of process `id`. Events reach only processes on the sender's own
/// console, so a short-lived copy of this program attaches itself to that console and sends it. `process` is a
/// handle of the same process; it is held until the copy has ended, so that the id cannot become another's.
/// `done` is called on the loop.
void send_console_event(uv_loop_t* loop, UniqueHandle process, DWORD id, ConsoleEvent event,
                        std::function<void(EventOutcome)> done);

/// The same, and waits for it; the caller holds the process.
EventOutcome send_console_event_now(DWORD id, ConsoleEvent event);

/// If this process is such a copy: does its work and returns the exit code of main. Before anything else in main.
std::optional<int> run_console_control(const std::vector<std::string>& arguments);

/// Asks the windows of these processes to close, as their close buttons do. Whether there were any.
bool ask_windows_to_close(const std::vector<DWORD>& ids);

}  // namespace hostbridge
