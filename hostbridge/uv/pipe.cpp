// SPDX-License-Identifier: MIT
#include "hostbridge/uv/pipe.h"

#include "hostbridge/uv/descriptor.h"

namespace hostbridge::uv {

proto::Result<std::unique_ptr<Pipe>> Pipe::open(uv_loop_t* loop, uv_os_fd_t end) {
    Descriptor descriptor(uv_open_osfhandle(end));
    if (!descriptor) return error(UV_EMFILE, "open a pipe");
    auto handle =
        Handle<uv_pipe_t, State>::make([&](uv_pipe_t* raw) { return uv_pipe_init(loop, raw, 0); }, "make a pipe");
    if (!handle) return handle.error();
    if (const int result = uv_pipe_open(handle->raw(), descriptor.get()); result < 0)
        return error(result, "open a pipe");
    descriptor.release();
    return std::unique_ptr<Pipe>(new Pipe(std::move(*handle)));
}

proto::Result<std::unique_ptr<Pipe>> Pipe::open_terminal(uv_loop_t* loop, uv_os_fd_t master) {
    auto pipe = open(loop, master);
    if (pipe) (*pipe)->state().ends_with_error = true;
    return pipe;
}

uv_os_fd_t Pipe::native() const {
    uv_os_fd_t end{};
    CHECK(uv_fileno(reinterpret_cast<const uv_handle_t*>(handle_.raw()), &end) == 0);
    return end;
}

}  // namespace hostbridge::uv
