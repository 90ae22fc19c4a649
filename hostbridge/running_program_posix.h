// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "hostbridge/keeper_link_posix.h"
#include "hostbridge/process_launcher.h"
#include "hostbridge/pseudo_terminal_posix.h"
#include "hostbridge/uv/timer.h"
#include "interop/os/unique_fd.h"

namespace hostbridge {

/// A program that has a keeper.
class RunningProgram final : public Process {
  public:
    struct Parts {
        std::uint64_t id = 0;
        interop::UniqueFd terminal;          ///< A descriptor of the master, if it has a terminal.
        bool by_wine = false;                ///< Its runner is Wine.
        std::chrono::milliseconds grace{0};  ///< How long it has to end by itself after TERM, HUP or a hangup.
        std::function<void()> on_destroyed;
    };

    /// `link` is borrowed until note_keeper_gone().
    RunningProgram(uv_loop_t* loop, KeeperLink& link, Parts parts)
        : loop_(loop), link_(&link), parts_(std::move(parts)) {}
    ~RunningProgram() override;

    [[nodiscard]] std::uint64_t id() const override { return parts_.id; }
    [[nodiscard]] std::size_t stdin_write_size() const override;
    std::uint64_t unread_stdin() override;
    void stdin_ending() override;
    void count_unread_stdin_after_exit(std::size_t pending_write, std::function<void(std::uint64_t)> done) override;
    void deliver(mzinit::v1::SignalNumber signal) override;
    [[nodiscard]] mzinit::v1::TerminalKind terminal() const override;
    void resize(std::uint32_t rows, std::uint32_t columns) override;
    bool note_typed(std::string& bytes) override;
    [[nodiscard]] bool is_output_waiting() const override;
    void hang_up() override;
    void terminate_tree() override;

    /// Our end of the pipe that is its standard input, borrowed.
    void set_stdin(int fd) { stdin_ = fd; }

    /// The keeper says that the program has ended; what that means for the client.
    ExitResult note_exit(std::uint32_t code);
    ExitResult note_death(mzinit::v1::SignalNumber signal);

    void note_keeper_gone();

  private:
    void note_end();
    void ask_to_end(mzinit::v1::SignalNumber signal);

    uv_loop_t* loop_;
    KeeperLink* link_;  // null when the keeper is gone
    Parts parts_;
    bool has_terminal_ = static_cast<bool>(parts_.terminal);  // also when it has been hung up
    int stdin_ = -1;                                          // borrowed from pipes[0], later that of stdin_reader_
    interop::UniqueFd stdin_reader_;
    std::uint64_t last_seen_unread_ = 0;                      // if there is nothing to ask
    std::optional<mzinit::v1::SignalNumber> interrupted_by_;  ///< The last INT or QUIT that was passed on or typed.
    std::unique_ptr<uv::Timer> grace_;  ///< Made when it is needed: few programs are asked to end.
    std::optional<mzinit::v1::SignalNumber> asked_to_end_by_;
    bool grace_is_over_ = false;
    bool enlarged_ = false;
    bool ended_ = false;
};

}  // namespace hostbridge
