// SPDX-License-Identifier: MIT
#include "hostbridge/pending_launch.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace hostbridge {
namespace {

std::vector<ManifestEntry> entries_of(const mzinit::v1::Manifest& manifest) {
    std::vector<ManifestEntry> entries;
    for (const auto& file : manifest.files()) {
        ManifestEntry entry{file.name(), file.size(), {}};
        std::ranges::copy(file.sha256(), entry.sha256.begin());
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace

PendingLaunch::PendingLaunch(uv_loop_t* loop, WorkLanes& lanes, proto::AgentProtocol& protocol, Job job, Events events)
    : loop_(loop),
      lanes_(lanes),
      protocol_(protocol),
      job_(std::make_shared<Job>(std::move(job))),
      events_(std::move(events)) {}

PendingLaunch::~PendingLaunch() {
    if (lane_ != nullptr) static_cast<void>(lane_->drop(ticket_));
}

void PendingLaunch::begin() {
    job_->context.map = &job_->map;
    job_->context.policy = &job_->policy;
    prepare();
}

void PendingLaunch::prepare() {
    const auto work = [job = job_] {
        job->outcome =
            prepare_launch(job->launch, job->descriptors, job->context, std::exchange(job->stored, std::nullopt));
    };
    const auto done = [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->prepared();
    };
    // What a client that does not send it has passed may have to be copied into the store.
    const bool may_wait_for_store =
        job_->context.store != nullptr && job_->descriptors.program && !job_->context.can_ask_for_upload;
    lane_ = may_wait_for_store ? &lanes_.store : &lanes_.files;
    ticket_ = lane_->queue(work, done);
}

void PendingLaunch::prepared() {
    if (std::holds_alternative<UploadNeeded>(job_->outcome)) return ask_for_upload();
    if (const auto* failure = std::get_if<LaunchFailure>(&job_->outcome)) return fail(*failure);
    events_.prepared(std::get<PreparedLaunch>(std::move(job_->outcome)));
}

void PendingLaunch::ask_for_upload() {
    state_ = State::awaiting_upload;
    protocol_.send_manifest_request();
    progressed();
}

void PendingLaunch::take_manifest(const mzinit::v1::Manifest& manifest) {
    uploaded_ = 0;
    state_ = State::checking_files;
    upload_ = std::make_shared<ProgramUpload>(
        loop_, lanes_.store, *job_->context.store,
        ProgramUpload::Events{.wanted =
                                  [this](std::span<const std::uint32_t> indices) {
                                      state_ = State::awaiting_upload;
                                      protocol_.send_files_wanted(indices);
                                      progressed();
                                  },
                              .stored =
                                  [this](std::uint32_t bytes) {
                                      protocol_.upload_stored(bytes);
                                      progressed();
                                  },
                              .completed = [this](StoredProgram program) { upload_completed(std::move(program)); },
                              .failed = [this](const LaunchFailure& failure) { fail(failure); }});
    upload_->begin(entries_of(manifest));
    progressed();
}

void PendingLaunch::take_upload(std::string_view bytes) {
    *uploaded_ += bytes.size();
    upload_->add(bytes);
}

void PendingLaunch::end_upload(bool is_complete) {
    if (is_complete) {
        state_ = State::checking_files;
        return upload_->end();
    }
    fail({.code = mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH,
          .text = "the program, or a file beside it, changed or could not be read while it was sent"});
}

void PendingLaunch::upload_completed(StoredProgram program) {
    upload_.reset();
    state_ = State::preparing;
    job_->stored = std::move(program);
    prepare();
    progressed();
}

// Both may give us up.

void PendingLaunch::progressed() {
    const auto self = shared_from_this();
    events_.progressed();
}

void PendingLaunch::fail(const LaunchFailure& failure) {
    const auto self = shared_from_this();
    events_.failed(failure);
}

std::string_view PendingLaunch::progress_text() const {
    switch (state_) {
        case State::preparing: return "the program is being started";
        case State::awaiting_upload: return "the program is being sent";
        case State::checking_files: break;
    }
    return "the program's files are being checked";
}

}  // namespace hostbridge
