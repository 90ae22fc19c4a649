// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hostbridge/uv/timer.h"
#include "hostbridge/uv/work.h"

namespace hostbridge {

/// Which names the agent offers, for whoever asks (Info.names). The directories are read on a lane of the work queue, anew for
/// every question, but by one listing at a time: a network drive that is gone can hold one for a minute, and then costs the lane
/// a single thread. Who asks meanwhile shares in it; nobody waits for longer than `patience`.
class NameListing {
  public:
    /// Calls back for each name, in any order, until that says that no more are wanted. On the work queue.
    using Lister = std::function<void(const std::function<bool(std::string)>& found)>;

    /// `loop` and `lane` are borrowed. `lister` may still be called, or be running, when this is gone.
    NameListing(uv_loop_t* loop, uv::WorkLane& lane, Lister lister, std::chrono::milliseconds patience);
    ~NameListing();
    NameListing(const NameListing&) = delete;
    NameListing& operator=(const NameListing&) = delete;

    /// Calls `done` once, on the loop and not from within this call: with the names found that begin with `prefix`, when all were,
    /// or when `patience` is over. At most proto::limits::max_offered_names, as OfferedNames has them. Never if this is destroyed
    /// before.
    void list(std::string prefix, std::function<void(std::vector<std::string>)> done);

  private:
    struct Run;
    struct Question;

    void begin_run();
    void run_ended();
    void answer(std::list<Question>::iterator question, const Run& run);

    uv_loop_t* loop_;
    uv::WorkLane& lane_;
    Lister lister_;
    std::chrono::milliseconds patience_;
    std::list<Question> questions_;
    std::shared_ptr<Run> run_;  ///< Under way, if any; shared with its work.
};

}  // namespace hostbridge
