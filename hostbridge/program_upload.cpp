// SPDX-License-Identifier: MIT
#include "hostbridge/program_upload.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proto/base/check.h"

namespace hostbridge {

/// What the work queue has to itself while it works.
struct ProgramUpload::Work {
    explicit Work(const ProgramStore& the_store) : store(the_store) {}

    void run();
    proto::Result<void> begin();
    proto::Result<void> store_bytes();
    proto::Result<void> end_complete_files();

    const ProgramStore& store;
    std::vector<ManifestEntry> entries;
    std::optional<Upload> upload;
    std::vector<std::uint64_t> sizes;  // of the files that are wanted
    std::size_t current = 0;           // of those
    std::uint64_t written = 0;         // of the current one

    std::string bytes;  // for this piece of work
    bool ended = false;

    bool has_begun = false;
    std::optional<LaunchFailure> failure;
    std::optional<StoredProgram> program;
};

void ProgramUpload::Work::run() {
    auto outcome = upload ? store_bytes() : begin();
    const bool is_all = upload && current == sizes.size() && (ended || sizes.empty());
    if (outcome && is_all) {
        auto finished = upload->finish();
        if (finished) {
            program = std::move(*finished);
        } else {
            outcome = finished.error();
        }
    }
    if (!outcome) failure = store_failure(outcome.error());
    if (failure || program) upload.reset();  // which may remove files
}

proto::Result<void> ProgramUpload::Work::begin() {
    auto begun = store.begin(entries);
    if (!begun) return begun.error();
    for (const std::uint32_t index : begun->wanted()) sizes.push_back(entries[index].size);
    upload.emplace(std::move(*begun));
    return end_complete_files();
}

proto::Result<void> ProgramUpload::Work::store_bytes() {
    std::string_view rest = bytes;
    while (!rest.empty()) {
        CHECK(current < sizes.size());  // the protocol lets no more come
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), sizes[current] - written));
        if (auto stored = upload->write(rest.substr(0, size)); !stored) return stored;
        written += size;
        rest.remove_prefix(size);
        if (auto completed = end_complete_files(); !completed) return completed;
    }
    return {};
}

// More than one if there are empty ones.
proto::Result<void> ProgramUpload::Work::end_complete_files() {
    while (current < sizes.size() && written == sizes[current]) {
        if (auto completed = upload->end_file(); !completed) return completed;
        ++current;
        written = 0;
    }
    return {};
}

ProgramUpload::ProgramUpload(uv_loop_t* loop, uv::WorkLane& lane, const ProgramStore& store, Events events)
    : loop_(loop), lane_(lane), events_(std::move(events)), work_(std::make_shared<Work>(store)) {}

ProgramUpload::~ProgramUpload() {
    // What is running sees to it itself.
    if (is_running_ && !lane_.drop(ticket_)) return;
    if (work_->upload)
        uv::queue_work(
            loop_, [work = work_] { work->upload.reset(); }, [] {});
}

void ProgramUpload::begin(std::vector<ManifestEntry> entries) {
    work_->entries = std::move(entries);
    run();
}

void ProgramUpload::add(std::string_view bytes) {
    if (is_over_) return;
    waiting_ += bytes;
    if (!is_running_) run();
}

void ProgramUpload::end() {
    if (is_over_) return;
    ended_ = true;
    if (!is_running_) run();
}

void ProgramUpload::run() {
    is_running_ = true;
    work_->bytes = std::exchange(waiting_, {});
    work_->ended = ended_;
    ticket_ = lane_.queue([work = work_] { work->run(); },
                          [loop = loop_, work = work_, weak = weak_from_this()] {
                              if (const auto self = weak.lock()) return self->done();
                              if (work->upload)
                                  uv::queue_work(
                                      loop, [work] { work->upload.reset(); }, [] {});
                          });
}

void ProgramUpload::done() {
    is_running_ = false;
    if (work_->failure || work_->program) is_over_ = true;
    if (work_->failure) return events_.failed(*work_->failure);
    if (work_->program) return events_.completed(std::move(*work_->program));
    if (!std::exchange(work_->has_begun, true)) return events_.wanted(work_->upload->wanted());
    const auto stored = static_cast<std::uint32_t>(work_->bytes.size());
    const bool has_ended = work_->ended;
    if (!waiting_.empty() || ended_ != has_ended) run();
    if (stored > 0) events_.stored(stored);
}

}  // namespace hostbridge
