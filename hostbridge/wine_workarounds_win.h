// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>

#include "hostbridge/unique_handle_win.h"
#include "proto/base/result.h"

/// What the agent does only because it may run under Wine, which stands in for Windows in tests. Each says what
/// Wine (8.0) does differently; nothing here changes anything on Windows.
///
/// What Wine refuses, another size of a console and Ctrl-Break, is seen when it is asked for, and is not in here. All that is in
/// here succeeds under Wine and then does something else, which only a program on a console would show: a probe would start
/// both, at every start of the agent or in the way of the first launch, and on Windows wait for something that does not
/// happen. So whether this is Wine decides.
namespace hostbridge::wine {

/// Whether this is Wine.
bool is_present();

/// A program that Ctrl-C ends by default, or the end of its console, exits with 0 instead of STATUS_CONTROL_C_EXIT.
bool control_c_exits_with_zero();

/// What to tell the user about 32-bit programs, which CreateProcessW pretends to run (exit code 0) where Wine's
/// 32-bit half is not installed. Empty on Windows.
std::string_view advice_for_32_bit_programs();

/// Wine's CreatePseudoConsole lets the process of the console inherit whatever is inheritable at that moment: pipes of
/// other programs, which would not end then. To be held while that is called or anything is inheritable. On Windows it
/// locks nothing.
std::unique_lock<std::mutex> lock_inheritance();

/// Wine's pseudoconsole knows no flags: with one, CreatePseudoConsole succeeds and the console ends.
bool pseudo_console_ends_of_flags();

/// A program on a pseudoconsole has no standard handles there.
bool pseudo_console_gives_no_standard_handles();

/// Wine's pseudoconsole takes a typed Ctrl-C for the end of what is typed, and ends.
bool pseudo_console_takes_no_control_c();

/// Stands between who types and such a console: copies `typed` to `console` and raises the event for a Ctrl-C, or has
/// it typed by ConsoleEvent::typed_ctrl_c. Both are ends of pipes, `typed` synchronous, and `process` with the id `id` is on
/// the console. On a thread that ends when one of the pipes does. What it returns is true while an event was the last that
/// was typed.
proto::Result<std::shared_ptr<const std::atomic<bool>>> type_to_console(UniqueHandle typed, UniqueHandle console,
                                                                        UniqueHandle process, DWORD id);

}  // namespace hostbridge::wine
