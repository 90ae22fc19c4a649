// SPDX-License-Identifier: MIT
#include "hostbridge/stdin_relay.h"

#include <algorithm>

#include "hostbridge/agent_limits.h"

namespace hostbridge {

StdinRelay::StdinRelay(uv_loop_t* loop, std::unique_ptr<uv::Pipe> pipe, Process& process,
                       proto::AgentProtocol& protocol, std::function<void()> send)
    : pipe_(std::move(pipe)),
      process_(process),
      protocol_(protocol),
      send_(std::move(send)),
      confirm_timer_(loop, [this] { confirm(); }),
      confirm_interval_(limits::confirm_soon) {}

void StdinRelay::deliver(std::string_view bytes) {
    if (closed_ || !pipe_) return;
    if (queue_.empty()) {
        const auto written = pipe_->try_write(bytes);
        if (!written) return reader_gone();
        bytes.remove_prefix(*written);
        account(*written);
        if (closed_) return;
    }
    queue_.append(bytes);
    write_queued();
}

void StdinRelay::end() {
    end_wanted_ = true;
    write_queued();
}

void StdinRelay::abandon() {
    closed_ = true;
    queue_.clear();
    queue_begin_ = 0;
    pipe_.reset();
}

void StdinRelay::write_queued() {
    if (closed_ || !pipe_ || writing_ > 0) return;
    if (!queued().empty()) {
        const auto written = pipe_->try_write(queued());
        if (!written) return reader_gone();
        drop(*written);
        account(*written);
        if (closed_) return;
    }
    const std::string_view rest = queued();
    if (rest.empty()) {
        if (end_wanted_) {
            process_.stdin_ending();
            pipe_.reset();
        }
        return;
    }
    writing_ = std::min(rest.size(), process_.stdin_write_size());
    pipe_->write(std::string(rest.substr(0, writing_)),
                 [this](const proto::Result<void>& written) { on_written(written); });
}

void StdinRelay::on_written(const proto::Result<void>& written) {
    if (closed_) return;
    if (!written) return reader_gone();
    const std::size_t size = std::exchange(writing_, 0);
    drop(size);
    account(size);
    write_queued();
    send_();
}

// A program that is slower than its client never empties the queue: what was written must not stay in front of it.
void StdinRelay::drop(std::size_t count) {
    queue_begin_ += count;
    if (queue_begin_ >= queue_.size() / 2) {
        queue_.erase(0, queue_begin_);
        queue_begin_ = 0;
    }
}

void StdinRelay::account(std::size_t bytes) {
    if (bytes == 0) return;
    written_ += bytes;
    protocol_.stdin_delivered(static_cast<std::uint32_t>(bytes));
    if (written_ - confirmed_ >= limits::confirm_at_once) {
        confirm();
    } else if (!confirm_timer_.active() && !stopped_) {
        confirm_interval_ = limits::confirm_soon;
        confirm_timer_.start(confirm_interval_);
    }
}

void StdinRelay::reader_gone() {
    // The pipe is kept: what is still in it must be counted when the program ends.
    closed_ = true;
    queue_.clear();
    queue_begin_ = 0;
    protocol_.send_stdin_closed();
    send_();
}

void StdinRelay::confirm() {
    const std::uint64_t unread = process_.unread_stdin();
    const std::uint64_t consumed = written_ - std::min(unread, written_);
    if (consumed > confirmed_) {
        confirmed_ = consumed;
        confirm_interval_ = limits::confirm_soon;
        protocol_.send_stdin_consumed(consumed);
        send_();
    } else {
        confirm_interval_ = std::min(confirm_interval_ * 2, limits::confirm_late);
    }
    // Nothing wakes us when the program reads; but with everything confirmed there is nothing to ask.
    if (confirmed_ < written_ && !stopped_) confirm_timer_.start(confirm_interval_);
}

void StdinRelay::stop() {
    closed_ = stopped_ = true;
    confirm_timer_.stop();
}

void StdinRelay::count_after_exit(std::function<void(std::uint64_t consumed)> done) {
    closed_ = true;
    confirm_timer_.stop();
    const std::uint64_t given = written_ + writing_;
    process_.count_unread_stdin_after_exit(
        writing_, [this, given, done = std::move(done), alive = std::weak_ptr<char>(alive_)](std::uint64_t unread) {
            if (alive.expired()) return;
            done(std::max(confirmed_, given - std::min(unread, given)));
        });
}

}  // namespace hostbridge
