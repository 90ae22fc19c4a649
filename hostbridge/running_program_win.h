// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "hostbridge/child_process_win.h"
#include "hostbridge/console_control_win.h"
#include "hostbridge/console_users_win.h"
#include "hostbridge/cursor_report_win.h"
#include "hostbridge/exit_watch_win.h"
#include "hostbridge/job_win.h"
#include "hostbridge/pipe_peek_win.h"
#include "hostbridge/process_launcher.h"
#include "hostbridge/pseudo_console_win.h"
#include "hostbridge/uv/timer.h"

namespace hostbridge {

enum class ProgramKind { console, gui };

/// A program that CreateProcessW started, in its job. A GUI program outlives a client that died: it belongs to the
/// user at the screen.
class RunningProgram final : public Process {
  public:
    struct Parts {
        ChildProcess child;
        Job job;
        UniqueHandle
            stdin_read_end;  ///< A duplicate, to look into the pipe after the exit; none if that is a console's.
        ProgramKind kind;
        std::shared_ptr<PseudoConsole> console;  ///< Null: none. Shared with work that is under way.
        LeftConsoles* left_consoles;             ///< Borrowed.
        /// Whether a Ctrl-C was the last that was typed, by wine::type_to_console(); null elsewhere.
        std::shared_ptr<const std::atomic<bool>> interrupted;
        /// ProcessRequest::program_file of a batch file, which cmd.exe reads while it runs it; else null.
        std::shared_ptr<const uv::Descriptor> program_file;
        std::chrono::milliseconds grace;  ///< To end by itself after TERM, HUP or a hangup.
    };

    /// `exited` is called once on the loop and may destroy the program. Ends what is in the job if it cannot be watched.
    static proto::Result<std::unique_ptr<RunningProgram>> watch(uv_loop_t* loop, Parts parts,
                                                                std::function<void(ExitResult)> exited);
    ~RunningProgram() override;

    /// Hands out our ends of the streams in `pipes`.
    void set_pipes(std::array<std::unique_ptr<uv::Pipe>, 3> ours);

    [[nodiscard]] std::uint64_t id() const override { return parts_.child.id; }
    std::uint64_t unread_stdin() override { return 0; }
    void count_unread_stdin_after_exit(std::size_t pending_write, std::function<void(std::uint64_t)> done) override;
    void deliver(mzinit::v1::SignalNumber signal) override;
    [[nodiscard]] mzinit::v1::TerminalKind terminal() const override;
    void resize(std::uint32_t rows, std::uint32_t columns) override;
    bool note_typed(std::string& bytes) override;
    void hang_up() override;
    void terminate_tree() override;

  private:
    RunningProgram(uv_loop_t* loop, Parts parts, std::function<void(ExitResult)> exited);

    void terminate_job();
    void on_exit(std::uint32_t code);
    void close_console_unless_used();
    [[nodiscard]] ExitResult exit_result(std::uint32_t code) const;
    void let_go();
    void begin_grace();
    void ask_to_end(ConsoleEvent event);
    void on_event_sent(EventOutcome outcome);
    void make_up_cursor_report();

    uv_loop_t* loop_;
    Parts parts_;
    std::function<void(ExitResult)> exited_;
    std::unique_ptr<ExitWatch> exit_watch_;
    std::unique_ptr<PipePeek> peek_;
    uv::Timer grace_;
    uv::Timer cursor_report_limit_;
    CursorReportFinder cursor_report_;
    UniqueHandle console_input_;  ///< A duplicate of our end: a console whose input ends, ends.
    uv::Pipe* typed_ = nullptr;   ///< pipes[0] of a console, borrowed back until the cursor's position is known.
    const bool has_console_;
    std::optional<mzinit::v1::SignalNumber> requested_;  ///< The last signal that asks the program to end.
    /// One at a time, because each costs a process and a thread of the work queue; of those that come meanwhile the last.
    bool event_under_way_ = false;
    std::optional<ConsoleEvent> waiting_event_;
    bool terminated_ = false;
    bool has_exited_ = false;  ///< Or was let go.
    /// Tells callbacks of the work queue that we are gone.
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace hostbridge
