// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "interop/os/caller_stream.h"
#include "interop/route/runner_dos.h"
#include "interop/route/runner_dos_channel.h"
#include "interop/route/runner_dos_text.h"

namespace interop {

/// Our standard streams as a DOS program uses them: nothing is read before it asks, and what it wrote is written when
/// its call returns.
class DosStreams {
  public:
    /// Waits until `events` are there for `fd`; false if the program is not to be served any more.
    using Wait = std::function<bool(int fd, short events)>;

    DosStreams(DosOptions::LineEnds line_ends, Wait wait);

    [[nodiscard]] std::uint16_t information(unsigned stream) const;
    [[nodiscard]] bool input_is_terminal() const { return streams_[0].kind() == StreamKind::terminal; }

    struct Answer {
        DosReply reply;
        std::string data;          ///< Of a read: reply.result bytes.
        bool reader_gone = false;  ///< Of a write: nobody reads this any more.
    };

    /// Serves read, write (of `data`), ready and seek. Nothing if the wait was ended.
    std::optional<Answer> serve(const DosRequest& request, std::string_view data);

    /// Writes what still waits at the end of the program.
    void finish();

  private:
    std::optional<Answer> read(const DosRequest& request);
    std::optional<Answer> write(unsigned stream, std::string_view data);
    std::optional<std::error_code> write_all(unsigned stream, std::string_view data, std::size_t& written);
    Answer seek(const DosRequest& request);
    [[nodiscard]] bool is_readable(unsigned stream) const;

    DosOptions::LineEnds line_ends_;
    Wait wait_;
    std::array<CallerStream, 3> streams_;
    DosInputText input_;
    std::array<DosOutputText, 3> outputs_;
};

}  // namespace interop
