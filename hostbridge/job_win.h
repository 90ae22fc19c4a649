// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "hostbridge/unique_handle_win.h"
#include "proto/base/result.h"

namespace hostbridge {

/// What closing the last handle of a job does to the processes in it.
enum class OnJobClose { kill, let_live };

/// A job object: a program with all that it starts. Children may leave it if they ask to (browsers and
/// installers do).
class Job {
  public:
    static proto::Result<Job> make(OnJobClose on_close);

    /// Changes what closing does. Also when the agent dies, in which case the system closes.
    void set_on_close(OnJobClose on_close);

    /// Ends all processes in it with `exit_code`.
    void terminate(std::uint32_t exit_code);

    /// Stops all processes in it. Idempotent: processes that came after an earlier call are stopped then.
    void suspend();

    /// Undoes suspend().
    void resume();

    /// The processes in it.
    [[nodiscard]] std::vector<DWORD> process_ids() const;

    [[nodiscard]] HANDLE get() const { return handle_.get(); }

  private:
    explicit Job(UniqueHandle handle) : handle_(std::move(handle)) {}
    bool suspend_new_ones();

    struct Suspended {
        DWORD id;
        UniqueHandle process;  ///< Held, so that the id is not given to another process.
    };

    UniqueHandle handle_;
    std::vector<Suspended> suspended_;
};

}  // namespace hostbridge
