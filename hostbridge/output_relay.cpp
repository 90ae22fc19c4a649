// SPDX-License-Identifier: MIT
#include "hostbridge/output_relay.h"

#include <algorithm>

#include "proto/wire/limits.h"

namespace hostbridge {

OutputRelay::OutputRelay(std::uint8_t stream, std::unique_ptr<uv::Pipe> pipe, proto::AgentProtocol& protocol,
                         std::span<char> scratch, std::function<void()> send)
    : stream_(stream), pipe_(std::move(pipe)), protocol_(protocol), scratch_(scratch), send_(std::move(send)) {
    pipe_->set_reader([this] { return room_to_read(); },
                      [this](const proto::Result<std::size_t>& size) { on_read(size); });
}

void OutputRelay::update(bool room) {
    if (ended()) return;
    const bool wanted = room && protocol_.sendable(stream_) > 0;
    if (wanted == reading_) return;
    reading_ = wanted;
    waited_in_vain_ = false;
    if (!wanted) return pipe_->read_stop();
    if (!pipe_->read_start()) close();
}

std::span<char> OutputRelay::room_to_read() {
    asked_ = std::min<std::size_t>({scratch_.size(), protocol_.sendable(stream_), proto::limits::max_data_length});
    return scratch_.first(asked_);
}

void OutputRelay::on_read(const proto::Result<std::size_t>& size) {
    if (!size || *size == 0) {
        close();
    } else {
        waited_in_vain_ = false;
        found_empty_ = found_empty_ || *size < asked_;
        protocol_.send_data(stream_, {scratch_.data(), *size});
    }
    send_();
}

void OutputRelay::close() {
    if (ended()) return;
    pipe_.reset();
    protocol_.send_end(stream_);
}

void OutputRelay::start_catching_up() { found_empty_ = waited_in_vain_ = false; }

bool OutputRelay::caught_up() {
    if (found_empty_ || (reading_ && waited_in_vain_)) return true;
    waited_in_vain_ = reading_;
    return false;
}

}  // namespace hostbridge
