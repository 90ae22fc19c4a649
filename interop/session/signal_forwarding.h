// SPDX-License-Identifier: MIT
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <csignal>
#include <functional>

namespace interop {

/// Receives, through a signalfd, the signals that are passed on to the program, and SIGWINCH. A signal that was ignored when we
/// were executed (nohup, `&` in sh) stays ignored and is not received. While an object lives those signals,
/// SIGTTIN and SIGTTOU are blocked and SIGPIPE is ignored; its end restores what was.
class SignalForwarding {
  public:
    /// `received` is called on the loop with Linux signal numbers.
    SignalForwarding(asio::io_context& context, std::function<void(int signal)> received);
    ~SignalForwarding();
    SignalForwarding(const SignalForwarding&) = delete;
    SignalForwarding& operator=(const SignalForwarding&) = delete;

    /// Whether SIGPIPE was ignored when we were executed: then nobody expects us to die of it.
    [[nodiscard]] bool sigpipe_was_ignored() const { return old_sigpipe_.sa_handler == SIG_IGN; }

    /// Whom a stop is for.
    enum class Stop {
        us,   ///< The signal was sent to us, and to the others of the job if it came from the terminal.
        job,  ///< Nobody sent one: our whole group gets it, as from a terminal.
    };

    /// Stops this process as an unhandled SIGTSTP does, and returns when it goes on; at once, if the kernel does
    /// not stop it (an orphaned process group).
    void stop_like_unhandled(Stop whom);

  private:
    void wait();
    void drain();

    std::function<void(int)> received_;
    asio::posix::stream_descriptor descriptor_;
    sigset_t old_mask_{};
    struct sigaction old_sigpipe_ {};
};

}  // namespace interop
