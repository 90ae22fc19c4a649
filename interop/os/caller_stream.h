// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

/// Input and output on descriptors that belong to our caller too. O_NONBLOCK lives on the open file description
/// that we share with whoever started us, and would break the next command if it were set; so nothing here
/// changes it, and yet nothing here blocks.
namespace interop {

enum class StreamKind {
    regular_file,  ///< Also block devices: always ready, has a position.
    pipe,
    stream_socket,
    terminal,
    other,  ///< Character devices such as /dev/null, datagram sockets, anything else.
};

/// What `fd` is; `other` if it cannot be told. `fd` is borrowed.
StreamKind classify_stream(int fd);

/// Reads or writes one of descriptors 0 to 2 without blocking. The descriptor is borrowed for the object's life.
class CallerStream {
  public:
    enum class Direction { in, out };

    CallerStream(int fd, Direction direction);

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] StreamKind kind() const { return kind_; }

    /// The descriptor whose readiness is to be waited for: fd(), or our own description of the same terminal.
    [[nodiscard]] int pollable_fd() const { return own_description_ ? own_description_.get() : fd_; }

    /// Takes up to `space.size()` bytes. 0 is the end; EAGAIN says that nothing is there now.
    proto::Result<std::size_t> read_some(std::span<char> space);

    /// Puts up to `bytes.size()` bytes and says how many; EAGAIN if there is no room now. SIGPIPE must be ignored.
    proto::Result<std::size_t> write_some(std::string_view bytes);

  private:
    proto::Result<std::size_t> write_to_pipe(std::string_view bytes);

    int fd_;
    StreamKind kind_;
    UniqueFd own_description_;
    bool nowait_supported_ = true;
};

/// True if poll(2) reports one of `events` for `fd` at this moment. `fd` is borrowed.
bool is_ready(int fd, short events);

/// True for EAGAIN and its other name.
bool is_would_block(const std::error_code& code);

}  // namespace interop
