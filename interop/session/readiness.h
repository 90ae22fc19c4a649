// SPDX-License-Identifier: MIT
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <functional>
#include <map>

namespace interop {

/// Waits until descriptors of our caller can be read or written, without Asio ever owning them: they sit in an
/// epoll instance of ours, and only that is given to Asio.
class Readiness {
  public:
    explicit Readiness(asio::io_context& context);

    /// Calls `then` once, from the loop, when `fd` is readable (writable) or broken. A regular file and other
    /// descriptors that epoll refuses are ready at once. One wait per descriptor and direction at a time; a
    /// second one while the first is pending is ignored.
    void when_readable(int fd, std::function<void()> then);
    void when_writable(int fd, std::function<void()> then);

  private:
    struct Waiters {
        std::function<void()> readable;
        std::function<void()> writable;
    };

    void arm(int fd);
    void wait();
    void dispatch();

    asio::io_context& context_;
    asio::posix::stream_descriptor epoll_;
    std::map<int, Waiters> waiters_;
    bool waiting_ = false;
};

}  // namespace interop
