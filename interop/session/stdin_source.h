// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "interop/os/caller_stream.h"

namespace interop {

/// Standard input that is shown to the program before it is taken from our caller: look() finds bytes and leaves
/// them where they are, confirm() takes exactly those that the program has read. What the program did not read
/// is there for the next command, also if we are killed.
class StdinSource {
  public:
    enum class State {
        data,     ///< `bytes` are next.
        end,      ///< There is nothing more and will not be; `error` says why if it is not just the end.
        starved,  ///< Nothing new now; see wait_by_polling().
    };
    struct Look {
        State state;
        std::string_view bytes;  ///< Valid until the next call of any function.
        int error = 0;           ///< errno of a read that failed.
    };

    virtual ~StdinSource() = default;

    /// The next bytes that no earlier call returned, at most `limit` (not 0).
    virtual Look look(std::size_t limit) = 0;

    /// The program has read `total` bytes since the start; never less than before, nor more than look() returned.
    virtual void confirm(std::uint64_t total) = 0;

    /// True if new bytes cannot be waited for with poll(2), because bytes that were looked at and not confirmed
    /// keep the descriptor readable: then look() must be repeated.
    [[nodiscard]] virtual bool wait_by_polling() const { return false; }

    /// What to wait on otherwise.
    [[nodiscard]] virtual int pollable_fd() const = 0;
};

/// The source that suits descriptor `fd`, borrowed for the object's life. A terminal and other streams that
/// cannot be looked at are read for good.
std::unique_ptr<StdinSource> make_stdin_source(int fd);

}  // namespace interop
