// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "interop/os/caller_stream.h"
#include "interop/session/readiness.h"
#include "interop/text/text_decoder.h"

namespace interop {

/// Writes one output stream of the program to our caller's descriptor, never blocking. What the descriptor does
/// not take yet is queued; credit keeps the queue within one window, or three if it is converted.
class OutputSink {
  public:
    struct Handlers {
        /// The queue is shorter, by what that many of the bytes given stand for. They may be none, if it is converted.
        std::function<void(std::uint32_t bytes)> delivered;
        std::function<void()> closed;  ///< Once: nobody reads any more; the queue was dropped.
    };

    /// `fd` and `readiness` are borrowed for the object's life. With `text` what is given is converted from that.
    OutputSink(int fd, Readiness& readiness, std::optional<TextEncoding> text, Handlers handlers);

    void write(std::string_view bytes);

    /// No more will come: writes what the conversion has kept.
    void end();

    [[nodiscard]] bool idle() const { return begin_ == queue_.size(); }
    [[nodiscard]] bool broken() const { return broken_; }
    /// The error that broke it: EPIPE when the reader left.
    [[nodiscard]] int error() const { return error_; }

  private:
    void flush();
    /// That `written` bytes of the queue have gone, or all, reports the share of the bytes given that they stand for.
    void report(std::size_t written);

    CallerStream stream_;
    Readiness& readiness_;
    std::optional<TextDecoder> decoder_;
    Handlers handlers_;
    std::string queue_;
    std::size_t begin_ = 0;
    std::uint64_t given_ = 0;  ///< Bytes that the queue stands for: not reported as delivered.
    bool broken_ = false;
    int error_ = 0;
};

}  // namespace interop
