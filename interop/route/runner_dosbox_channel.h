// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "interop/os/unique_fd.h"
#include "interop/route/runner_dosbox_process.h"

namespace interop {

/// The pipes between us and an emulator: the launcher's requests and our replies, and what the emulator itself, in whose
/// place no DOS call is made, writes to the standard output and error of DOS.
class DosboxChannel {
  public:
    /// Gets what was written to stream 1 or 2; false if nothing is to be taken any more.
    using TakeOutput = std::function<bool(unsigned stream, std::string_view bytes)>;

    /// `process` is borrowed, and waited with.
    DosboxChannel(DosboxProcess& process, TakeOutput take_output)
        : process_(process), take_output_(std::move(take_output)) {}

    proto::Result<void> open();

    /// The emulator's ends, in the order of dosbox_channel_names; borrowed.
    [[nodiscard]] std::array<int, 4> emulator_ends() const;
    /// Once it has them.
    void close_emulator_ends();

    /// Nothing if the emulator has ended, a signal has come, or nothing is to be taken any more.
    std::optional<std::string> receive(std::size_t size);
    bool send(std::string_view bytes);

    /// Takes the output that is there.
    bool take_output();

    /// The launcher reads the end of the file from now on.
    void close_replies() { replies_.ours.reset(); }

  private:
    struct Pipe {
        UniqueFd ours;
        UniqueFd emulators;
    };

    bool take_output(unsigned stream);

    DosboxProcess& process_;
    TakeOutput take_output_;
    Pipe requests_;
    Pipe replies_;
    std::array<Pipe, 2> outputs_;
};

/// What the emulator's ends are called in DOS, and their descriptors there.
inline constexpr std::array dosbox_channel_names{"REQUEST", "REPLY", "OUTPUT", "ERROR"};
inline constexpr int dosbox_channel_descriptor = 3;

}  // namespace interop
