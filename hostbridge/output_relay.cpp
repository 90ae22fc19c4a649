// SPDX-License-Identifier: MIT
#include "hostbridge/output_relay.h"

#include <algorithm>

#include "proto/wire/limits.h"

namespace hostbridge {
namespace {

// More than Linux lets wait in a pseudo-terminal: 64 KiB, and one line buffer.
constexpr std::size_t terminal_capacity = 128u << 10;

}  // namespace

OutputRelay::OutputRelay(std::uint8_t stream, std::unique_ptr<uv::Pipe> pipe, Source source,
                         proto::AgentProtocol& protocol, std::span<char> scratch, std::function<void()> send)
    : stream_(stream),
      pipe_(std::move(pipe)),
      source_(source),
      protocol_(protocol),
      scratch_(scratch),
      send_(std::move(send)) {
    pipe_->set_reader([this] { return room_to_read(); },
                      [this](const proto::Result<std::size_t>& size) { on_read(size); });
}

void OutputRelay::update(bool room) {
    if (ended() || stopped_) return;
    const bool wanted = room && protocol_.sendable(stream_) > 0;
    if (wanted == reading_) return;
    if (!wanted) return pause();
    reading_ = true;
    waited_in_vain_ = false;
    if (!pipe_->read_start()) close();
}

void OutputRelay::pause() {
    reading_ = waited_in_vain_ = false;
    pipe_->read_stop();
}

void OutputRelay::stop() {
    stopped_ = true;
    if (!ended()) pause();
}

std::span<char> OutputRelay::room_to_read() {
    asked_ = std::min<std::size_t>({scratch_.size(), protocol_.sendable(stream_), proto::limits::max_data_length});
    if (asked_ == 0) reading_ = false;  // the stream stops by itself when there is no room
    return scratch_.first(asked_);
}

void OutputRelay::on_read(const proto::Result<std::size_t>& size) {
    if (!size || *size == 0) {
        close();
    } else {
        waited_in_vain_ = false;
        read_since_ += *size;
        // A terminal gives at most one line buffer at once, however much waits.
        const bool is_empty = source_ == Source::terminal ? read_since_ >= terminal_capacity : *size < asked_;
        found_empty_ = found_empty_ || is_empty;
        protocol_.send_data(stream_, {scratch_.data(), *size});
        // libuv reads on at once when the buffer was filled, whatever send_() finds out.
        if (protocol_.sendable(stream_) == 0) pause();
    }
    send_();
}

void OutputRelay::close() {
    if (ended()) return;
    pipe_.reset();
    protocol_.send_end(stream_);
}

std::unique_ptr<uv::Pipe> OutputRelay::give_up() {
    pause();
    protocol_.send_end(stream_);
    return std::move(pipe_);
}

void OutputRelay::start_catching_up() {
    found_empty_ = waited_in_vain_ = false;
    read_since_ = 0;
}

bool OutputRelay::caught_up() {
    if (found_empty_ || (reading_ && waited_in_vain_)) return true;
    waited_in_vain_ = reading_;
    return false;
}

}  // namespace hostbridge
