// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "interop/os/caller_stream.h"
#include "interop/session/readiness.h"

namespace interop {

/// Writes one output stream of the program to our caller's descriptor, never blocking. What the descriptor does
/// not take yet is queued; credit keeps the queue within one window.
class OutputSink {
  public:
    struct Handlers {
        std::function<void(std::uint32_t bytes)> delivered;  ///< That many bytes have left the queue.
        std::function<void()> closed;                        ///< Once: nobody reads any more; the queue was dropped.
    };

    /// `fd` and `readiness` are borrowed for the object's life.
    OutputSink(int fd, Readiness& readiness, Handlers handlers);

    void write(std::string_view bytes);

    [[nodiscard]] bool idle() const { return begin_ == queue_.size(); }
    [[nodiscard]] bool broken() const { return broken_; }
    /// The error that broke it: EPIPE when the reader left.
    [[nodiscard]] int error() const { return error_; }

  private:
    void flush();

    CallerStream stream_;
    Readiness& readiness_;
    Handlers handlers_;
    std::string queue_;
    std::size_t begin_ = 0;
    bool broken_ = false;
    int error_ = 0;
};

}  // namespace interop
