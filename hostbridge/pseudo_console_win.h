// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "hostbridge/unique_handle_win.h"
#include "proto/base/result.h"

namespace hostbridge {

/// The size of a console for a terminal of so many rows and columns: what is not known, or no console can have, is
/// made up.
COORD console_size(std::uint32_t rows, std::uint32_t columns);

/// A console whose keyboard and screen are two pipes (ConPTY, Windows 10 1809). It lives until it is closed, whatever
/// runs on it.
class PseudoConsole {
  public:
    /// Whether this Windows has them.
    static bool is_available();

    /// `input` and `output` are the console's ends of the pipes, synchronous; borrowed for the call. May take some
    /// milliseconds, since it starts a process.
    static proto::Result<PseudoConsole> make(COORD size, HANDLE input, HANDLE output);

    PseudoConsole(PseudoConsole&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
    PseudoConsole& operator=(PseudoConsole&&) = delete;
    /// Closes it.
    ~PseudoConsole() { close(); }

    proto::Result<void> resize(COORD size);

    /// Ends the console, and after some seconds what still runs on it, as closing a console's window does. Returns at
    /// once: what was written is still sent to the output, whose end follows. Idempotent.
    void close();

    /// The HPCON, null once it is closed.
    [[nodiscard]] void* get() const { return handle_; }

  private:
    explicit PseudoConsole(void* handle) : handle_(handle) {}

    void* handle_;
};

}  // namespace hostbridge
