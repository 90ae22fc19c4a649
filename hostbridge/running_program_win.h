// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>

#include "hostbridge/child_process_win.h"
#include "hostbridge/console_control_win.h"
#include "hostbridge/exit_watch_win.h"
#include "hostbridge/job_win.h"
#include "hostbridge/pipe_peek_win.h"
#include "hostbridge/process_launcher.h"
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
        UniqueHandle stdin_read_end;  ///< A duplicate, to look into the pipe after the exit.
        ProgramKind kind;
    };

    /// `exited` is called once on the loop and may destroy the program. Ends what is in the job if it cannot be watched.
    static proto::Result<std::unique_ptr<RunningProgram>> watch(uv_loop_t* loop, Parts parts,
                                                                std::function<void(ExitResult)> exited);
    ~RunningProgram() override;

    [[nodiscard]] std::uint64_t id() const override { return parts_.child.id; }
    std::uint64_t unread_stdin() override { return 0; }
    void count_unread_stdin_after_exit(std::size_t pending_write, std::function<void(std::uint64_t)> done) override;
    void deliver(mzinit::v1::SignalNumber signal) override;
    void terminate_tree() override;

  private:
    RunningProgram(uv_loop_t* loop, Parts parts, std::function<void(ExitResult)> exited)
        : loop_(loop),
          parts_(std::move(parts)),
          exited_(std::move(exited)),
          grace_(loop, [this] { terminate_tree(); }) {}

    void on_exit(std::uint32_t code);
    [[nodiscard]] ExitResult exit_result(std::uint32_t code) const;
    void ask_to_end(ConsoleEvent event);
    void on_event_sent(bool sent);

    uv_loop_t* loop_;
    Parts parts_;
    std::function<void(ExitResult)> exited_;
    std::unique_ptr<ExitWatch> exit_watch_;
    std::unique_ptr<PipePeek> peek_;
    uv::Timer grace_;
    std::optional<mzinit::v1::SignalNumber> requested_;  ///< The last signal that asks the program to end.
    /// One at a time, because each costs a process and a thread of the work queue; of those that come meanwhile the last.
    bool event_under_way_ = false;
    std::optional<ConsoleEvent> waiting_event_;
    bool terminated_ = false;
    bool has_exited_ = false;
    /// Tells callbacks of the work queue that we are gone.
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace hostbridge
