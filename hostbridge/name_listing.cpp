// SPDX-License-Identifier: MIT
#include "hostbridge/name_listing.h"

#include <mutex>

#include "hostbridge/agent_limits.h"
#include "hostbridge/host_system.h"
#include "hostbridge/offered_names.h"
#include "proto/wire/limits.h"

namespace hostbridge {

/// One listing, and what it has found by now.
struct NameListing::Run {
    bool add(std::string name) {
        const std::scoped_lock lock(mutex);
        if (!is_wanted || names.size() >= limits::listed_names) return false;
        names.add(std::move(name));
        return true;
    }

    [[nodiscard]] std::vector<std::string> starting_with(std::string_view prefix) const {
        const std::scoped_lock lock(mutex);
        return names.starting_with(prefix, proto::limits::max_offered_names);
    }

    void give_up() {
        const std::scoped_lock lock(mutex);
        is_wanted = false;
    }

    mutable std::mutex mutex;
    bool is_wanted = true;
    OfferedNames names{path_flavour()};
    NameListing* owner = nullptr;  // the loop's thread alone; null when it is gone
};

struct NameListing::Question {
    std::string prefix;
    std::function<void(std::vector<std::string>)> done;
    std::unique_ptr<uv::Timer> patience;
};

NameListing::NameListing(uv_loop_t* loop, uv::WorkLane& lane, Lister lister, std::chrono::milliseconds patience)
    : loop_(loop), lane_(lane), lister_(std::move(lister)), patience_(patience) {}

NameListing::~NameListing() {
    if (!run_) return;
    run_->owner = nullptr;
    run_->give_up();
}

void NameListing::list(std::string prefix, std::function<void(std::vector<std::string>)> done) {
    if (!run_) begin_run();
    questions_.push_back({.prefix = std::move(prefix), .done = std::move(done), .patience = nullptr});
    const auto question = std::prev(questions_.end());
    question->patience = std::make_unique<uv::Timer>(loop_, [this, question] { answer(question, *run_); });
    question->patience->start(patience_);
}

void NameListing::begin_run() {
    run_ = std::make_shared<Run>();
    run_->owner = this;
    lane_.queue(
        [run = run_, lister = lister_] { lister([&run](std::string name) { return run->add(std::move(name)); }); },
        [run = run_] {
            if (run->owner != nullptr) run->owner->run_ended();
        });
}

void NameListing::run_ended() {
    // Whoever asks from within an answer gets a listing of its own.
    const auto run = std::exchange(run_, nullptr);
    for (auto count = questions_.size(); count > 0; --count) answer(questions_.begin(), *run);
}

void NameListing::answer(std::list<Question>::iterator question, const Run& run) {
    const Question answered = std::move(*question);
    questions_.erase(question);
    answered.done(run.starting_with(answered.prefix));
}

}  // namespace hostbridge
