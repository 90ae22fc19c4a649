// SPDX-License-Identifier: MIT
#include "hostbridge/uv/stream.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "hostbridge/uv/error.h"

namespace hostbridge::uv {
namespace {

uv_buf_t buffer_of(const char* data, std::size_t size) {
    constexpr std::size_t largest = std::numeric_limits<int>::max();
    return uv_buf_init(const_cast<char*>(data), static_cast<unsigned>(std::min(size, largest)));
}

struct WriteRequest {
    uv_write_t raw{};
    std::string bytes;
    Stream::OnDone done;
};

struct ShutdownRequest {
    uv_shutdown_t raw{};
    Stream::OnDone done;
};

// A request outlives its stream: libuv cancels it after the close, and nobody wants to know any more.
template <typename Request, typename Raw>
void finish(Raw* raw, int status, const char* doing) {
    const std::unique_ptr<Request> request(static_cast<Request*>(raw->data));
    if (raw->handle->data != nullptr && request->done) request->done(check(status, doing));
}

}  // namespace

void Stream::set_reader(BufferSource buffer, OnRead on_read) {
    state().buffer = std::move(buffer);
    state().on_read = std::move(on_read);
}

proto::Result<void> Stream::read_start() {
    if (state().reading) return {};
    const auto allocate = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        *buffer = uv_buf_init(nullptr, 0);
        if (auto* state = static_cast<State*>(handle->data)) {
            const auto room = state->buffer();
            *buffer = buffer_of(room.data(), room.size());
        }
    };
    const auto finished = [](uv_stream_t* stream, ssize_t size, const uv_buf_t*) {
        auto* state = static_cast<State*>(stream->data);
        if (state == nullptr || size == 0) return;  // 0: nothing to read after all
        if (size < 0) {
            uv_read_stop(stream);
            state->reading = false;
        }
        if (size == UV_ENOBUFS) return;  // the source had no room
        if (size == UV_EOF && state->ends_with_error) {
            // libuv makes an end of a hangup after a short read. That is right for pipes only.
            const int result = uv_read_start(stream, stream->alloc_cb, stream->read_cb);
            state->reading = result == 0;
            if (result == 0) return;
        }
        if (size > 0) {
            state->on_read(static_cast<std::size_t>(size));
        } else if (size == UV_EOF) {
            state->on_read(std::size_t{0});
        } else {
            state->on_read(error(static_cast<int>(size), "read"));
        }
    };
    const int result = uv_read_start(stream(), allocate, finished);
    state().reading = result == 0;
    return check(result, "start reading");
}

void Stream::read_stop() {
    if (!state().reading) return;
    uv_read_stop(stream());
    state().reading = false;
}

void Stream::write(std::string bytes, OnDone done) {
    auto request = std::make_unique<WriteRequest>();
    request->bytes = std::move(bytes);
    request->done = std::move(done);
    request->raw.data = request.get();
    const uv_buf_t buffer = buffer_of(request->bytes.data(), request->bytes.size());
    const int result = uv_write(&request->raw, stream(), &buffer, 1,
                                [](uv_write_t* raw, int status) { finish<WriteRequest>(raw, status, "write"); });
    // libuv calls back only for what it accepted; the caller is told in any case.
    if (result < 0) {
        if (request->done) request->done(check(result, "write"));
    } else {
        static_cast<void>(request.release());
    }
}

proto::Result<std::size_t> Stream::try_write(std::string_view bytes) {
    const uv_buf_t buffer = buffer_of(bytes.data(), bytes.size());
    const int result = uv_try_write(stream(), &buffer, 1);
    if (result == UV_EAGAIN || result == UV_ENOTSUP) return std::size_t{0};
    if (result < 0) return error(result, "write");
    return static_cast<std::size_t>(result);
}

std::size_t Stream::write_queue_size() const { return uv_stream_get_write_queue_size(stream()); }

void Stream::shutdown(OnDone done) {
    auto request = std::make_unique<ShutdownRequest>();
    request->done = std::move(done);
    request->raw.data = request.get();
    const int result = uv_shutdown(&request->raw, stream(), [](uv_shutdown_t* raw, int status) {
        finish<ShutdownRequest>(raw, status, "shut down");
    });
    if (result < 0) {
        if (request->done) request->done(check(result, "shut down"));
    } else {
        static_cast<void>(request.release());
    }
}

}  // namespace hostbridge::uv
