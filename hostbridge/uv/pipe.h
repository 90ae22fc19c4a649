// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "hostbridge/uv/handle.h"
#include "hostbridge/uv/stream.h"

namespace hostbridge::uv {

/// Our end of a pipe: a descriptor on POSIX, an overlapped HANDLE on Windows.
class Pipe final : public Stream {
  public:
    /// Takes over `end`, also when it fails. POSIX sets O_NONBLOCK on its description, so it must be our own.
    static proto::Result<std::unique_ptr<Pipe>> open(uv_loop_t* loop, uv_os_fd_t end);

    /// The same for the master of a pseudo-terminal, where the Error UV_EIO takes the place of the end of the stream (POSIX).
    static proto::Result<std::unique_ptr<Pipe>> open_terminal(uv_loop_t* loop, uv_os_fd_t master);

    /// The descriptor or HANDLE, borrowed.
    [[nodiscard]] uv_os_fd_t native() const;

  protected:
    [[nodiscard]] uv_stream_t* stream() const override { return reinterpret_cast<uv_stream_t*>(handle_.raw()); }

  private:
    explicit Pipe(Handle<uv_pipe_t, State> handle) : handle_(std::move(handle)) {}

    Handle<uv_pipe_t, State> handle_;
};

}  // namespace hostbridge::uv
