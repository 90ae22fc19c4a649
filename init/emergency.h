// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

namespace init {

/// How init ends when the command has ended; does not return.
using Finish = void (*)(int exit_code) noexcept;

/// What is done about a signal, in place of passing it on to the command.
using OnSignal = void (*)(int signal) noexcept;

/// From now on a bug of ours does not end the process, which would take the container (or the machine) along: a
/// failed CHECK, an exception that nobody caught, memory that cannot be had, or a fault is reported on the kernel's
/// log, or on standard error where we may not write there, and a simpler loop takes over that uses nothing but
/// system calls. `finish` is called with the command's exit code. Without a command, `main_child` is 0. To be called
/// again when there is another one.
void arm_emergency(pid_t main_child, Finish finish, OnSignal on_signal = nullptr) noexcept;

/// For a child of ours, before it executes another program: it ends by its bugs again.
void disarm_emergency() noexcept;

}  // namespace init
