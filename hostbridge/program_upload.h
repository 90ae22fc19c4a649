// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hostbridge/process_launcher.h"
#include "hostbridge/program_store.h"
#include "hostbridge/uv/work.h"

namespace hostbridge {

/// Takes a program from a client into the store, with all that waits for the disk and the store's lock on the work queue: one piece
/// of work at a time. Destroying it gives the upload up; nothing is called any more then. Events come
/// from the loop, never from inside a member function, and may destroy it.
class ProgramUpload : public std::enable_shared_from_this<ProgramUpload> {
  public:
    struct Events {
        /// What the store lacks; at least one file. Called once, before the two below, or not at all.
        std::function<void(std::span<const std::uint32_t>)> wanted;
        /// So many of the bytes that were given to add() need no memory any more.
        std::function<void(std::uint32_t)> stored;
        /// The end, which is one of these.
        std::function<void(StoredProgram)> completed;
        std::function<void(const LaunchFailure&)> failed;
    };

    /// All are borrowed; `store` has to outlive the work on the loop.
    ProgramUpload(uv_loop_t* loop, uv::WorkLane& lane, const ProgramStore& store, Events events);
    ProgramUpload(const ProgramUpload&) = delete;
    ProgramUpload& operator=(const ProgramUpload&) = delete;
    ~ProgramUpload();

    /// Looks for what is there already. Once, before the others.
    void begin(std::vector<ManifestEntry> entries);

    /// The next bytes of the files that are wanted, which follow on one another. How much of them waits here is for the caller to
    /// bound.
    void add(std::string_view bytes);

    /// All that was wanted has been given to add().
    void end();

  private:
    struct Work;

    void run();
    void done();

    uv_loop_t* loop_;
    uv::WorkLane& lane_;
    uv::WorkLane::Ticket ticket_ = 0;
    Events events_;
    std::shared_ptr<Work> work_;  // shared with the work queue
    bool is_running_ = false;
    bool is_over_ = false;
    std::string waiting_;
    bool ended_ = false;
};

}  // namespace hostbridge
