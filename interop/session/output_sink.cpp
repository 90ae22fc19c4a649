// SPDX-License-Identifier: MIT
#include "interop/session/output_sink.h"

#include <cerrno>
#include <utility>

namespace interop {

OutputSink::OutputSink(int fd, Readiness& readiness, std::optional<TextEncoding> text, Handlers handlers)
    : stream_(fd, CallerStream::Direction::out), readiness_(readiness), handlers_(std::move(handlers)) {
    if (text) decoder_.emplace(*text);
}

void OutputSink::write(std::string_view bytes) {
    if (broken_) return handlers_.delivered(static_cast<std::uint32_t>(bytes.size()));
    const bool was_idle = idle();
    given_ += bytes.size();
    if (decoder_) {
        queue_.append(decoder_->decode(bytes));
    } else {
        queue_.append(bytes);
    }
    // Bytes that the decoder keeps need their credit as well: it may want the next ones.
    if (idle()) return report(0);
    if (was_idle) flush();
}

void OutputSink::end() {
    if (broken_ || !decoder_) return;
    const bool was_idle = idle();
    queue_.append(decoder_->finish());
    if (was_idle) flush();
}

void OutputSink::flush() {
    while (!idle()) {
        const auto count = stream_.write_some(std::string_view(queue_).substr(begin_));
        if (!count && count.error().code.value() == EINTR) continue;
        if (!count && is_would_block(count.error().code)) {
            readiness_.when_writable(stream_.pollable_fd(), [this] { flush(); });
            return;
        }
        if (!count) {
            broken_ = true;
            error_ = count.error().code.value();
            const auto dropped = static_cast<std::uint32_t>(std::exchange(given_, 0));
            queue_.clear();
            begin_ = 0;
            handlers_.closed();
            handlers_.delivered(dropped);
            return;
        }
        report(*count);
    }
}

void OutputSink::report(std::size_t written) {
    const std::size_t queued = queue_.size() - begin_;
    // Without conversion that is what was written.
    const std::uint64_t share = written == queued ? given_ : given_ * written / queued;
    given_ -= share;
    begin_ += written;
    // A reader that is never quite caught up with must not make us keep all that it has read.
    if (begin_ >= queue_.size() / 2) {
        queue_.erase(0, begin_);
        begin_ = 0;
    }
    handlers_.delivered(static_cast<std::uint32_t>(share));
}

}  // namespace interop
