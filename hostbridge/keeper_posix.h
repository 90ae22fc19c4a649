// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstdint>

namespace hostbridge {

/// A keeper is a process between the agent and one program: a child subreaper, so that no descendant of the program
/// can slip away from it, and gone as soon as the program has ended. It is forked from the agent and executes nothing,
/// so all that it needs is prepared before the fork. It sits in a session of its own, the program in a group of its own.
struct KeeperOrder {
    const char* path = nullptr;  ///< Executable, absolute or relative to the agent's directory.
    char* const* argv = nullptr;
    char* const* envp = nullptr;
    std::array<int, 3> streams{-1, -1, -1};  ///< The program's standard streams.
    int working_directory_fd = -1;           ///< Wins over working_directory.
    const char* working_directory = nullptr;
    int control = -1;                      ///< Our end of a SOCK_SEQPACKET pair.
    int null_device = -1;                  ///< An open /dev/null.
    int exit_report = -1;                  ///< A memfd of ExitReport, or -1.
    char* exit_report_variable = nullptr;  ///< exit_report_variable_size bytes that envp points to; filled in.
    bool is_wine = false;                  ///< What is executed is Wine's starter.
    rlimit descriptor_limit{};             ///< For the program: the agent has raised its own.
};

/// "MZINIT_EXIT_REPORT=" and two numbers.
inline constexpr std::size_t exit_report_variable_size = 96;

/// What the preloaded exit object writes: exit_object/mzexit.c.
struct ExitReport {
    std::uint32_t magic;
    std::uint32_t code;
};
inline constexpr std::uint32_t exit_report_magic = 0x54585a4d;

/// Keeper to agent. First started or a failure, then, after started, exited or killed; the end of the socket
/// comes when the keeper has gone.
struct KeeperReport {
    enum Kind : std::uint32_t { started, no_process, no_working_directory, no_execution, exited, killed };

    Kind kind;
    std::uint32_t value;  ///< Process id, errno, exit code or signal number.
};

/// Agent to keeper. The end of the socket means terminate.
struct KeeperCommand {
    enum Kind : std::uint32_t { signal, terminate };

    Kind kind;
    std::int32_t signal_number;
};

/// The keeper's whole life; to be called in the forked child. Async-signal-safe.
[[noreturn]] void run_keeper(const KeeperOrder& order) noexcept;

}  // namespace hostbridge
