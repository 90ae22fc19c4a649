// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace hostbridge::uv {

/// Runs `work` on libuv's thread pool, then `done` on the loop. Neither may refer to anything that can be gone by
/// then: nothing cancels them.
void queue_work(uv_loop_t* loop, std::function<void()> work, std::function<void()> done);

/// Work of a kind that may wait for long, as for a lock that another process has. At most so many pieces of it hold a thread of
/// the pool; the others wait their turn, in order, and all else finds a thread.
class WorkLane {
  public:
    /// Names a piece of work; none has 0.
    using Ticket = std::uint64_t;

    /// `loop` is borrowed. Pieces that wait when this is destroyed are dropped.
    WorkLane(uv_loop_t* loop, std::size_t threads);
    WorkLane(const WorkLane&) = delete;
    WorkLane& operator=(const WorkLane&) = delete;
    ~WorkLane();

    /// As queue_work().
    Ticket queue(std::function<void()> work, std::function<void()> done);

    /// Drops a piece that waits, with what its functions hold; neither is called. False if it no longer waits.
    bool drop(Ticket ticket);

    /// Whether a piece holds a thread.
    [[nodiscard]] bool is_working() const;

  private:
    struct State;
    std::shared_ptr<State> state_;  // shared with what is under way
};

}  // namespace hostbridge::uv
