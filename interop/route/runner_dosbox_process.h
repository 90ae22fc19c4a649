// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "interop/os/signals.h"
#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

namespace interop {

/// The emulator as our child, and the signals that concern it and us. From the construction to the destruction SIGPIPE is
/// ignored, and the signals that end a program, unless our caller had them ignored, are taken by wait().
class DosboxProcess {
  public:
    DosboxProcess();
    DosboxProcess(const DosboxProcess&) = delete;
    DosboxProcess& operator=(const DosboxProcess&) = delete;
    ~DosboxProcess();

    /// Starts it on /dev/null, with `descriptors` (borrowed) as 3, 4, ... and no others. It dies with us.
    proto::Result<void> start(const std::string& path, const std::vector<std::string>& arguments,
                              const std::vector<std::string>& environment, const std::vector<int>& descriptors);

    /// Waits until one of the descriptors is ready. False once the emulator has ended, or a signal has come that ends us.
    bool wait(std::span<pollfd> descriptors);
    bool wait(int fd, short events);

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool has_ended() const { return pid_ < 0; }
    [[nodiscard]] int status() const { return status_; }                ///< As waitpid() has it, once it has ended.
    [[nodiscard]] int ending_signal() const { return ending_signal_; }  ///< That came for us, 0: none.
    [[nodiscard]] bool sigpipe_was_ignored() const;

    /// Asks it to end, which lets it write what it holds back of files.
    void ask_to_end();

    /// Waits for its end and kills it after `grace`. Signals for us are noted as in wait().
    void finish(std::chrono::milliseconds grace);

  private:
    void take_signals();
    void reap(int options);

    SignalState original_;
    UniqueFd signals_;
    pid_t pid_ = -1;
    int status_ = 0;
    int ending_signal_ = 0;
};

}  // namespace interop
