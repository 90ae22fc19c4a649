// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstdint>

namespace hostbridge {

/// A keeper is a process between the agent and one program: a child subreaper, so that no descendant of the program
/// can slip away from it, and gone as soon as the program has ended. It is forked from the agent and executes nothing,
/// so all that it needs is prepared before the fork. It leads a session of its own, the program a group of its own. That
/// is the foreground group if there is a terminal, and never an orphaned one, in which the kernel would drop SIGTSTP.
///
/// A detached program leads a session of its own, and its keeper goes as soon as it has reported the start.
///
/// With a terminal it stays as long as anybody has that open, because the end of a session's leader and the last
/// descriptor of a terminal's other end each mean a hangup; what is written there after the program's end it throws away.
struct KeeperOrder {
    const char* path = nullptr;  ///< Executable, absolute or relative to the agent's directory.
    char* const* argv = nullptr;
    char* const* envp = nullptr;
    std::array<int, 3> streams{-1, -1, -1};  ///< The program's standard streams.
    int terminal = -1;                       ///< The master of the terminal that streams[0] and [1] are, or -1.
    int working_directory_fd = -1;           ///< Wins over working_directory.
    const char* working_directory = nullptr;
    int control = -1;                      ///< Our end of a SOCK_SEQPACKET pair.
    int null_device = -1;                  ///< An open /dev/null.
    int exit_report = -1;                  ///< A memfd of ExitReport, or -1.
    char* exit_report_variable = nullptr;  ///< exit_report_variable_size bytes that envp points to; filled in.
    bool is_wine = false;                  ///< What is executed is Wine's starter.
    bool is_detached = false;              ///< The program is let go as soon as it runs.
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
/// comes when the keeper has gone. In between, with a terminal, stopped: the program has been stopped by somebody else than
/// the agent, and all its descendants with it now.
struct KeeperReport {
    enum Kind : std::uint32_t { started, no_process, no_working_directory, no_execution, stopped, exited, killed };

    Kind kind;
    std::uint32_t value;  ///< Process id, errno, exit code or signal number.
};

/// Agent to keeper. The end of the socket means terminate, and after the program's end that nobody reads the terminal
/// any more.
struct KeeperCommand {
    enum Kind : std::uint32_t {
        signal,   ///< For the program's group; SIGTSTP and SIGCONT are for all descendants.
        hang_up,  ///< The terminal; the agent has closed its descriptors of it.
        terminate
    };

    Kind kind;
    std::int32_t signal_number;
};

/// The keeper's whole life; to be called in the forked child. Async-signal-safe.
[[noreturn]] void run_keeper(const KeeperOrder& order) noexcept;

}  // namespace hostbridge
