// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace interop {
namespace {

using Answer = DosStreams::Answer;

// read_some() may be asked for this much at once; DOS asks for at most 65,535.
constexpr std::size_t largest_read = 65535;
constexpr std::uint32_t read_characters = 1;

Answer failed(DosError error) { return {.reply = {.error = error}}; }

Answer answer_with(std::string data) {
    Answer answer{.reply = {.result = static_cast<unsigned>(data.size())}};
    answer.data = std::move(data);
    return answer;
}

bool is_full(const std::error_code& code) {
    return code == std::errc::no_space_on_device || code == std::errc::file_too_large || code.value() == EDQUOT;
}

bool can_read(int fd) { return (::fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY; }

}  // namespace

DosStreams::DosStreams(DosOptions::LineEnds line_ends, Wait wait)
    : line_ends_(line_ends),
      wait_(std::move(wait)),
      streams_{CallerStream(STDIN_FILENO, CallerStream::Direction::in),
               CallerStream(STDOUT_FILENO, CallerStream::Direction::out),
               CallerStream(STDERR_FILENO, CallerStream::Direction::out)} {}

std::uint16_t DosStreams::information(unsigned stream) const {
    if (streams_[stream].kind() == StreamKind::terminal) return dos_console;
    struct stat status {};
    const bool device = ::fstat(streams_[stream].fd(), &status) == 0 && S_ISCHR(status.st_mode);
    return device ? dos_null_device : dos_file;
}

bool DosStreams::is_readable(unsigned stream) const {
    // As in DOS, where standard error is the console too: "more" reads its keys there.
    return stream == 0 || (streams_[stream].kind() == StreamKind::terminal && can_read(streams_[stream].fd()));
}

std::optional<Answer> DosStreams::serve(const DosRequest& request, std::string_view data) {
    switch (request.op) {
        case DosRequest::Op::read: return read(request);
        case DosRequest::Op::write: return write(request.stream, data);
        case DosRequest::Op::seek: return seek(request);
        default: break;
    }
    const bool ready =
        is_readable(request.stream) && (input_.has_kept() || is_ready(streams_[request.stream].fd(), POLLIN | POLLHUP));
    return Answer{.reply = {.result = ready ? 0xFFu : 0u}};
}

std::optional<Answer> DosStreams::read(const DosRequest& request) {
    if (!is_readable(request.stream)) return failed(DosError::access_denied);
    if (input_.has_kept()) {
        input_.take_kept();
        return answer_with("\n");
    }
    const bool terminal = streams_[request.stream].kind() == StreamKind::terminal;
    const bool converts = terminal || line_ends_ == DosOptions::LineEnds::convert;
    const std::size_t count = std::min<std::size_t>(request.count, largest_read);
    std::string data(converts ? DosInputText::source_size(count) : count, '\0');
    // Descriptors 1 and 2 of a terminal were opened for writing by their CallerStream.
    CallerStream input(streams_[request.stream].fd(), CallerStream::Direction::in);
    CallerStream& stream = request.stream == 0 ? streams_[0] : input;
    while (true) {
        const auto size = stream.read_some(data);
        if (size) {
            data.resize(*size);
            break;
        }
        const auto& code = size.error().code;
        if (code == std::errc::interrupted) continue;
        if (!is_would_block(code)) {
            const bool denied = code == std::errc::is_a_directory || code == std::errc::bad_file_descriptor;
            return failed(denied ? DosError::access_denied : DosError::read_fault);
        }
        if (!wait_(stream.pollable_fd(), POLLIN)) return std::nullopt;
    }
    if (!converts) return answer_with(std::move(data));
    if (terminal && request.value == read_characters) {
        std::ranges::replace(data, '\n', '\r');
        return answer_with(std::move(data));
    }
    return answer_with(input_.convert(data, count));
}

std::optional<Answer> DosStreams::write(unsigned stream, std::string_view data) {
    if (stream == 0) return failed(DosError::access_denied);
    const bool converts = line_ends_ == DosOptions::LineEnds::convert;
    std::size_t written = 0;
    const auto problem =
        converts ? write_all(stream, outputs_[stream].convert(data), written) : write_all(stream, data, written);
    if (!problem) return std::nullopt;
    if (!*problem) return Answer{.reply = {.result = static_cast<unsigned>(data.size())}};
    if (*problem == std::errc::broken_pipe) {
        Answer answer = failed(DosError::write_fault);
        answer.reader_gone = true;
        return answer;
    }
    // A full disk is no error in DOS: fewer bytes were written than asked for.
    if (is_full(*problem)) return Answer{.reply = {.result = converts ? 0u : static_cast<unsigned>(written)}};
    return failed(*problem == std::errc::bad_file_descriptor ? DosError::access_denied : DosError::write_fault);
}

/// The error that ended it, no error when all is written; nothing if the wait was ended.
std::optional<std::error_code> DosStreams::write_all(unsigned stream, std::string_view data, std::size_t& written) {
    while (written < data.size()) {
        const auto size = streams_[stream].write_some(data.substr(written));
        if (size) {
            written += *size;
            continue;
        }
        const auto& code = size.error().code;
        if (code == std::errc::interrupted) continue;
        if (!is_would_block(code)) return code;
        if (!wait_(streams_[stream].pollable_fd(), POLLOUT)) return std::nullopt;
    }
    return std::error_code{};
}

Answer DosStreams::seek(const DosRequest& request) {
    const CallerStream& stream = streams_[request.stream];
    if (information(request.stream) != dos_file) return {};  // a device has no position
    constexpr std::array whence{SEEK_SET, SEEK_CUR, SEEK_END};
    if (request.count >= whence.size() || stream.kind() != StreamKind::regular_file) return failed(DosError::seek);
    const off_t offset = request.count == 0 ? static_cast<off_t>(request.value)
                                            : static_cast<off_t>(static_cast<std::int32_t>(request.value));
    const off_t position = ::lseek(stream.fd(), offset, whence[request.count]);
    if (position < 0 || position > std::numeric_limits<std::uint32_t>::max()) return failed(DosError::seek);
    if (request.stream == 0) input_ = {};
    return {.reply = {.value = static_cast<std::uint32_t>(position)}};
}

void DosStreams::finish() {
    for (unsigned stream = 1; stream < streams_.size(); ++stream) {
        std::size_t written = 0;
        static_cast<void>(write_all(stream, outputs_[stream].finish(), written));
    }
}

}  // namespace interop
