// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "proto/base/result.h"

namespace hostbridge::uv {

/// What pipes and TCP sockets have in common. Destroying a stream closes it: writes under way are abandoned and
/// no callback runs any more. Every callback may destroy the stream.
class Stream {
  public:
    /// Where the next bytes go; its size bounds how much is read. Empty: there is no room, and reading stops as after
    /// read_stop().
    using BufferSource = std::function<std::span<char>()>;
    /// How many bytes are in the buffer now; 0 at the end of the stream. Reading has stopped after the end
    /// or an Error.
    using OnRead = std::function<void(proto::Result<std::size_t>)>;
    using OnDone = std::function<void(proto::Result<void>)>;

    virtual ~Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// To be set once, before the first read_start().
    void set_reader(BufferSource buffer, OnRead on_read);

    /// Starts or resumes reading. Idempotent.
    proto::Result<void> read_start();
    void read_stop();

    /// Writes all of `bytes`; `done` runs later, once. Writes keep their order.
    void write(std::string bytes, OnDone done);

    /// Writes what can be written without waiting and returns how much that was, perhaps 0. On Windows
    /// always 0 for pipes.
    proto::Result<std::size_t> try_write(std::string_view bytes);

    /// Bytes given to write() that the system has not taken yet.
    [[nodiscard]] std::size_t write_queue_size() const;

    /// Ends the sending direction when all writes are done. Not for pipes on Windows, where it may block a
    /// thread: destroy those.
    void shutdown(OnDone done);

  protected:
    struct State {
        BufferSource buffer;
        OnRead on_read;
        bool reading = false;
        bool ends_with_error = false;  ///< A terminal: only an Error is its end.
        std::function<void(proto::Result<void>)> on_connection;
    };

    Stream() = default;
    [[nodiscard]] virtual uv_stream_t* stream() const = 0;
    [[nodiscard]] State& state() const { return *static_cast<State*>(stream()->data); }
};

}  // namespace hostbridge::uv
