// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "hostbridge/launch_preparation.h"
#include "hostbridge/program_upload.h"
#include "hostbridge/work_lanes.h"
#include "proto/wire/agent_protocol.h"

namespace hostbridge {

/// A Launch from its message to a program that can be started. Looks for the program on the lane for files, or that for the store
/// if the program may be copied, and has the client send it if this host does not see it. Destroying it gives that up; nothing is
/// called any more then. Events come from the loop, never from inside begin(), and may destroy it.
class PendingLaunch : public std::enable_shared_from_this<PendingLaunch> {
  public:
    struct Events {
        /// A step of an upload was made, and there may be something to send. How long the whole takes is up to the program's size:
        /// each step has as long as a start has.
        std::function<void()> progressed;
        /// The end, which is one of these.
        std::function<void(PreparedLaunch)> prepared;
        std::function<void(const LaunchFailure&)> failed;
    };

    /// What the work queue needs, and what it makes of it: it may outlive the session and what that borrows.
    struct Job {
        mzinit::v1::Launch launch;
        LaunchDescriptors descriptors;
        interop::PathMap map;
        LaunchPolicy policy;
        LaunchContext context;                ///< begin() fills in `map` and `policy`.
        std::optional<StoredProgram> stored;  ///< Has come from the client.
        Preparation outcome;
    };

    /// `loop`, `lanes` and `protocol` are borrowed.
    PendingLaunch(uv_loop_t* loop, WorkLanes& lanes, proto::AgentProtocol& protocol, Job job, Events events);

    PendingLaunch(const PendingLaunch&) = delete;
    PendingLaunch& operator=(const PendingLaunch&) = delete;
    ~PendingLaunch();

    /// Once, and first.
    void begin();

    /// What has come of an upload that was asked for; `bytes` are no more than the credit that was given.
    void take_manifest(const mzinit::v1::Manifest& manifest);
    void take_upload(std::string_view bytes);
    void end_upload(bool is_complete);

    [[nodiscard]] const mzinit::v1::Launch& launch() const { return job_->launch; }
    [[nodiscard]] const LaunchDescriptors& descriptors() const { return job_->descriptors; }

    /// Whether it is the client's turn.
    [[nodiscard]] bool awaits_upload() const { return state_ == State::awaiting_upload; }

    /// For the user.
    [[nodiscard]] std::string_view progress_text() const;

    /// How many bytes the client has sent; nothing if it did not have to.
    [[nodiscard]] std::optional<std::uint64_t> uploaded() const { return uploaded_; }

  private:
    enum class State { preparing, awaiting_upload, checking_files };

    void prepare();
    void prepared();
    void ask_for_upload();
    void upload_completed(StoredProgram program);
    void progressed();
    void fail(const LaunchFailure& failure);

    uv_loop_t* loop_;
    WorkLanes& lanes_;
    uv::WorkLane* lane_ = nullptr;     ///< The one that was used last, if any.
    uv::WorkLane::Ticket ticket_ = 0;  ///< Of what waits there, or has.
    proto::AgentProtocol& protocol_;
    std::shared_ptr<Job> job_;  ///< Shared with the work queue.
    Events events_;
    State state_ = State::preparing;
    std::shared_ptr<ProgramUpload> upload_;  ///< Shared with its own work only.
    std::optional<std::uint64_t> uploaded_;
};

}  // namespace hostbridge
