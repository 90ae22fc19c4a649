// SPDX-License-Identifier: MIT
#include "hostbridge/tree_stop_posix.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <span>

#include "hostbridge/process_tree_posix.h"

namespace hostbridge {
namespace {

// In milliseconds. An editor restores the screen in much less; and nobody waits longer for a prompt after Ctrl-Z.
constexpr std::int64_t time_to_stop = 200;
// SIGSTOP cannot be refused, but who sleeps in the kernel takes it when that wakes up.
constexpr std::int64_t time_to_be_stopped = 200;
constexpr std::int64_t first_interval = 1;
constexpr std::int64_t last_interval = 20;

// Larger trees are not suspended completely. Not on the stack, and no page of it exists before it is used.
std::array<TreeProcess, 4096> tree_room;

std::span<const TreeProcess> look_at_tree() noexcept { return std::span(tree_room).first(list_descendants(tree_room)); }

std::int64_t now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

bool is_stopped(const TreeProcess& process) noexcept { return process.state == 'T' || process.state == 't'; }
bool has_ended(const TreeProcess& process) noexcept { return process.state == 'Z' || process.state == 'X'; }

}  // namespace

void TreeStop::begin(bool was_requested) noexcept {
    spared_count_ = 0;
    for (const auto& process : look_at_tree()) {
        // One of the program's own group may have been stopped by its terminal, together with the program.
        if (is_stopped(process) && process.group != program_ && spared_count_ < spared_.size()) {
            spared_[spared_count_++] = process.id;
        }
    }
    state_ = State::stopping;
    was_requested_ = was_requested;
    interval_ = first_interval;
    next_look_ = now();
    deadline_ = next_look_ + time_to_stop;
    give_up_ = deadline_ + time_to_be_stopped;
}

void TreeStop::request() noexcept {
    if (state_ == State::stopped) return;
    if (state_ == State::running) begin(true);
    was_requested_ = true;
    ::kill(-program_, SIGTSTP);
}

void TreeStop::program_stopped() noexcept {
    has_program_stopped_ = true;
    if (state_ == State::running) begin(false);
}

void TreeStop::program_continued() noexcept {
    if (has_program_stopped_ && state_ == State::stopping) resume();
}

void TreeStop::resume() noexcept {
    if (state_ != State::running) {
        for (const auto& process : look_at_tree()) {
            if (!has_ended(process) && process.group != program_ && !is_spared(process.id)) {
                ::kill(process.id, SIGCONT);
            }
        }
    }
    state_ = State::running;
    has_program_stopped_ = false;
    ::kill(-program_, SIGCONT);
}

int TreeStop::timeout() const noexcept {
    if (state_ != State::stopping) return -1;
    return static_cast<int>(std::max<std::int64_t>(next_look_ - now(), 0));
}

bool TreeStop::step() noexcept {
    if (state_ != State::stopping) return false;
    const std::int64_t time = now();
    if (time < next_look_) return false;
    if (is_settled(time >= deadline_) || time >= give_up_) {
        state_ = State::stopped;
        return !was_requested_;
    }
    interval_ = std::min(interval_ * 2, last_interval);
    next_look_ = time + interval_;
    return false;
}

bool TreeStop::is_spared(pid_t process) const noexcept {
    const auto spared = std::span(spared_).first(spared_count_);
    return std::ranges::find(spared, process) != spared.end();
}

// Whether nothing runs any more. Stops what has left the group as soon as the program has stopped, and all when it
// `is_late`. What is started meanwhile is seen the next time.
bool TreeStop::is_settled(bool is_late) noexcept {
    bool is_anything_running = false;
    for (const auto& process : look_at_tree()) {
        if (is_stopped(process) || has_ended(process)) continue;
        is_anything_running = true;
        const bool cannot_be_asked = has_program_stopped_ && process.group != program_;
        if (is_late || cannot_be_asked) ::kill(process.id, SIGSTOP);
    }
    return !is_anything_running;
}

}  // namespace hostbridge
