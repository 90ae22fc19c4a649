// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hostbridge/agent_limits.h"
#include "hostbridge/path_lists.h"
#include "hostbridge/uv/descriptor.h"
#include "hostbridge/uv/pipe.h"
#include "interop/image/identify.h"
#include "launch.pb.h"
#include "session.pb.h"

namespace hostbridge {

/// The terminal that a program is to have.
struct TerminalRequest {
    std::uint32_t rows = 0;  ///< 0: not known.
    std::uint32_t columns = 0;
    std::string name;              ///< For TERM; empty: not known.
    bool includes_stderr = false;  ///< Standard error is this terminal, too.
};

/// A program to start. Whether it may be started, and that `program` is the file the guest meant, has been
/// decided before.
struct ProcessRequest {
    std::string program;              ///< Host path, UTF-8 on Windows.
    interop::ImageDescription image;  ///< What `program` is.
    /// If the policy has looked at `program`: hold_unchanged() of it, kept until it was started. Else null.
    std::shared_ptr<const uv::Descriptor> program_file;
    std::vector<std::string> argv;                ///< The guest's argv as bytes, argv[0] included.
    std::optional<std::string> raw_command_tail;  ///< Replaces the quoting of argv[1..] (Windows).
    /// Host path, exists. Of one that was passed it is the name that it has here, without links; empty if it has none.
    std::string working_directory;
    /// Where to start it if what runs it cannot use the working directory; empty: nowhere. POSIX.
    std::string fallback_directory;
    std::string guest_working_directory;  ///< The guest's name for the working directory, for MZINIT_CWD.
    /// Laid over the agent user's environment; an empty value deletes.
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<PathListVariable> path_lists;  ///< Likewise.
    std::uint32_t depth = 0;                   ///< Launch.depth.
    /// The terminal that its standard input and output are to be; the launcher may be unable to make one.
    std::optional<TerminalRequest> terminal;
    /// POSIX: a descriptor per standard stream that the program uses itself, borrowed for the call; -1: a pipe is
    /// made and its other end handed out in Process. Always -1 on Windows.
    std::array<int, 3> passed_streams{-1, -1, -1};
    int passed_working_directory = -1;  ///< POSIX: wins over working_directory; borrowed, -1 if none.
    /// To be started with the null device for its streams, and then let go: see DetachedProgram.
    bool detached = false;
};

/// Why there is no Process; goes into LaunchError as it is.
struct LaunchFailure {
    mzinit::v1::LaunchErrorCode code;
    std::uint32_t host_code = 0;  ///< errno or GetLastError().
    std::string text;             ///< One line for the user.
    /// The program may have run, if only for a moment: nobody may try it a second time.
    bool started = false;
};

/// How a program ended: the host's full code, or the signal that ended it.
using ExitResult = std::variant<std::uint32_t, mzinit::v1::SignalNumber>;

/// A program that was started, with its descendants. Destroying it before the exit was reported terminates
/// all of them as terminate_tree() does; destroying it afterwards leaves alone what still runs.
class Process {
  public:
    virtual ~Process() = default;

    [[nodiscard]] virtual std::uint64_t id() const = 0;

    /// Our ends of the relayed streams, open and ready to be read or written; null where a stream was passed.
    /// The caller takes them over. Of a terminal [0] is what is typed, [1] what appears, and [2] null if that includes
    /// standard error.
    std::array<std::unique_ptr<uv::Pipe>, 3> pipes;

    /// Set by the caller; called on the loop when a program that has a terminal was stopped by somebody else than deliver().
    std::function<void(mzinit::v1::SignalNumber)> on_stopped;

    /// How much to give one asynchronous write to pipes[0]. POSIX: so little that it is written whole or not at all.
    [[nodiscard]] virtual std::size_t stdin_write_size() const { return 64u << 10; }

    /// How many bytes of what was *completely* written to pipes[0] the program has not read yet. On Windows a
    /// write to this pipe completes when it has been read, so there it is 0 while the program runs.
    virtual std::uint64_t unread_stdin() = 0;

    /// Called before the caller closes pipes[0] at the end of the input, so that what the pipe still holds can be
    /// counted without it.
    virtual void stdin_ending() {}

    /// After the exit: how many bytes handed to pipes[0] were never read, including a write that is still under
    /// way and of which `pending_write` bytes were submitted. `done` is called once, on the loop, perhaps before
    /// this returns.
    virtual void count_unread_stdin_after_exit(std::size_t pending_write,
                                               std::function<void(std::uint64_t unread)> done) = 0;

    /// Passes a signal on to the program's group, or does what the host has in its place. A program that has nothing to do
    /// with its client's terminal is let go on HUP, and that reported as its exit before this returns.
    virtual void deliver(mzinit::v1::SignalNumber signal) = 0;

    /// What kind of terminal streams 0 and 1 are. Without one the next four mean nothing.
    [[nodiscard]] virtual mzinit::v1::TerminalKind terminal() const { return mzinit::v1::TERMINAL_KIND_NONE; }

    /// Gives the terminal another size; 0 means that it is not known.
    virtual void resize(std::uint32_t /*rows*/, std::uint32_t /*columns*/) {}

    /// To be told of what is about to be written to pipes[0]; puts other characters in the place of what this terminal
    /// would take for something else. True if it interrupts the program, as Ctrl-C does.
    virtual bool note_typed(std::string& /*bytes*/) { return false; }

    /// Whether something has appeared on the terminal that was not read from pipes[1] yet.
    [[nodiscard]] virtual bool is_output_waiting() const { return false; }

    /// Hangs the terminal up, which ends a program that does not mind it sooner or later; the caller closes pipes[0] and
    /// pipes[1].
    virtual void hang_up() {}

    /// Ends the program and every descendant, unless it is a GUI program on Windows: that is the user's at the screen, who
    /// may not know its client. The exit is then reported as usual. Idempotent.
    virtual void terminate_tree() = 0;
};

/// A program that was started and let go: it outlives its client and the agent, and nobody is told of its end.
struct DetachedProgram {
    std::uint64_t id = 0;
};

/// Starts programs. One per agent, shared by its sessions.
class ProcessLauncher {
  public:
    using Started = std::variant<std::unique_ptr<Process>, DetachedProgram, LaunchFailure>;

    virtual ~ProcessLauncher() = default;

    /// Starts `request` and calls `started` once with the outcome, on the loop; `exited` follows once after a
    /// success, when the program itself (not its descendants) has ended, unless the Process was destroyed. The outcome is a
    /// DetachedProgram, and then nothing follows, if and only if the request says so.
    virtual void launch(ProcessRequest request, std::function<void(Started)> started,
                        std::function<void(ExitResult)> exited) = 0;

    /// Why `image` cannot be started on this host at all, or nothing. Cheap; asked before anything is read.
    [[nodiscard]] virtual std::optional<LaunchFailure> refusal(const interop::ImageDescription& image) const = 0;

    /// Kinds and commands for Info ("pe64", "wine %p"); empty on Windows.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> runners() const = 0;
};

/// What the launcher of this system can be told; each system ignores what it has no use for.
struct LauncherOptions {
    /// POSIX: kind (pe32, pe64, dotnet, dos, ...) to command template, in which %p is the program.
    std::vector<std::pair<std::string, std::string>> runners;
    std::string exit_object;  ///< POSIX: path of the preloaded exit object; empty: none.
    /// How long a program has to end by itself after TERM, HUP or a hangup.
    std::chrono::milliseconds grace = limits::grace;
};

/// The launcher of this system. `loop` is borrowed and must outlive it.
std::unique_ptr<ProcessLauncher> make_process_launcher(uv_loop_t* loop, const LauncherOptions& options);

}  // namespace hostbridge
