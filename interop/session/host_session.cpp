// SPDX-License-Identifier: MIT
#include "interop/session/host_session.h"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "interop/os/unique_fd.h"
#include "interop/session/caller_terminal.h"
#include "interop/session/output_sink.h"
#include "interop/session/program_upload.h"
#include "interop/session/progress_line.h"
#include "interop/session/readiness.h"
#include "interop/session/signal_forwarding.h"
#include "interop/session/stdin_source.h"
#include "interop/text/printable.h"
#include "proto/wire/limits.h"
#include "proto/wire/liveness.h"

namespace interop {
namespace {

using namespace std::chrono_literals;
namespace event = proto::client_event;
using Clock = std::chrono::steady_clock;
using proto::stream_stderr;
using proto::stream_stdin;
using proto::stream_stdout;

constexpr std::size_t read_size = 256u << 10;
// What waits for the socket before we look for more input. CONTROL messages wait behind it, so it is not large.
constexpr std::size_t largest_backlog = 512u << 10;
constexpr int reads_per_turn = 16;
constexpr std::chrono::milliseconds first_poll = 1ms;
constexpr std::chrono::milliseconds last_poll = 50ms;
constexpr std::chrono::milliseconds late_check = 5s;
// A program whose output nobody reads any more gets this long to notice by itself.
constexpr std::chrono::milliseconds broken_pipe_grace = 2s;
// Who interrupts again so soon does not want to wait for what the program makes of the first time.
constexpr std::chrono::milliseconds impatience = 2s;

/// What a person types for the end of the input. Both terminals know it at the beginning of a line only; in a line the first
/// Ctrl-D of POSIX is for what there is of it.
std::string_view typed_end(bool is_windows, bool is_in_line) {
    if (is_windows) return is_in_line ? "\r\x1a\r" : "\x1a\r";
    return is_in_line ? "\x04\x04" : "\x04";
}

/// A line for the user; the text may be the agent's.
void warn(std::string_view text) { dprintf(STDERR_FILENO, "mzinit: %s\n", printable_line(text).c_str()); }

class HostSession {
  public:
    HostSession(HostConnection connection, std::span<const int> descriptors, const UploadSource& source);

    SessionOutcome run(const mzinit::v1::Launch& launch);

    /// To be called before run().
    void convert_output(TextEncoding text) { text_ = text; }

  private:
    // --- the socket
    void wait_for_bytes();
    void read_bytes();
    void flush();
    void dispatch(proto::ClientEvent&& received);
    void connection_failed(const proto::Error& error);

    // --- a program that the host does not see
    void begin_upload();
    void describe_program();
    void pump_upload();

    // --- streams
    void launched(const mzinit::v1::LaunchReply& reply);
    void pump_stdin();
    void end_stdin(int error);
    void confirm_stdin(std::uint64_t total);
    void wait_for_stdin();
    void make_sink(std::uint8_t stream, std::optional<TextEncoding> text);
    void output_broke(std::uint8_t stream);
    [[nodiscard]] bool output_is_written() const;

    // --- signals, time, the end
    void signal_received(int signal);
    [[nodiscard]] bool is_impatient();
    void suspend(SignalForwarding::Stop whom);
    void stop_and_resume(SignalForwarding::Stop whom);
    void send_typed();
    void follow_terminal();
    void send_terminal_size();
    void check_liveness();
    void wait_for_liveness_check();
    void exited(const mzinit::v1::ExitStatus& status);
    void finish_when_written();
    void finish(SessionOutcome outcome);
    [[nodiscard]] Ended end_after_broken_output(const OutputSink& sink, ExitAction own) const;

    asio::io_context context_;
    HostConnection connection_;
    proto::ClientProtocol& protocol_;
    std::vector<int> descriptors_;
    asio::posix::stream_descriptor socket_;
    Readiness readiness_;
    SignalForwarding signals_;
    asio::steady_timer liveness_timer_;
    asio::steady_timer stdin_timer_;
    asio::steady_timer grace_timer_;
    proto::Liveness liveness_;

    const UploadSource& source_;
    std::optional<ProgramUpload> upload_;  ///< From the agent's question until the answer to the launch.
    std::optional<ProgressLine> progress_;
    std::unique_ptr<StdinSource> stdin_;
    std::chrono::milliseconds stdin_poll_ = first_poll;
    std::uint64_t stdin_shown_ = 0;  ///< Bytes that `stdin_` has given us.
    bool is_stdin_in_line_ = false;  ///< The last of them ends no line.
    bool has_typed_end_ = false;     ///< There was no more, and the program's terminal was told so.
    std::array<std::unique_ptr<OutputSink>, proto::standard_stream_count> sinks_;
    std::optional<TextEncoding> text_;    ///< What output that is no terminal's is converted from.
    std::uint32_t terminal_streams_ = 0;  ///< Those that were asked to be a terminal's.
    bool wants_detached_ = false;
    std::optional<Detached> detached_;
    std::size_t launch_left_ = 0;  ///< Bytes of the Launch frame that the kernel has not taken yet.
    bool waiting_to_send_ = false;
    bool send_broken_ = false;
    int forwarded_signal_ = 0;
    std::optional<Clock::time_point> interrupted_;  ///< When SIGINT was passed on last.
    std::unique_ptr<CallerTerminal> terminal_;      ///< While the program has one of its own.
    bool is_windows_terminal_ = false;
    bool is_stdin_terminal_ = false;
    std::string typed_;  ///< On a Windows terminal: read, and not looked at yet. On both: what stands for the end.
    std::optional<Ended> ended_;
    std::optional<SessionOutcome> outcome_;
};

HostSession::HostSession(HostConnection connection, std::span<const int> descriptors, const UploadSource& source)
    : connection_(std::move(connection)),
      protocol_(*connection_.protocol),
      descriptors_(descriptors.begin(), descriptors.end()),
      socket_(context_, connection_.socket.release()),
      readiness_(context_),
      signals_(context_, [this](int signal) { signal_received(signal); }),
      liveness_timer_(context_),
      stdin_timer_(context_),
      grace_timer_(context_),
      liveness_(Clock::now()),
      source_(source) {}

SessionOutcome HostSession::run(const mzinit::v1::Launch& launch) {
    if (!protocol_.send_launch(launch)) {
        return NotStarted{"argument list too long", exit_code::cannot_run};
    }
    launch_left_ = protocol_.output().size();
    wants_detached_ = launch.detach();
    terminal_streams_ = launch.terminal_streams();
    flush();
    wait_for_liveness_check();
    wait_for_bytes();
    while (!outcome_ && context_.run_one() != 0) {
    }
    return std::move(*outcome_);
}

void HostSession::wait_for_bytes() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& error) {
        if (error || outcome_) return;
        read_bytes();
        if (!outcome_ && !ended_) wait_for_bytes();
    });
}

void HostSession::read_bytes() {
    for (int turn = 0; turn < reads_per_turn; ++turn) {
        const auto space = protocol_.decoder().prepare(read_size);
        const ssize_t count = recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count <= 0) return connection_failed(proto::errno_error(count < 0 ? errno : ECONNRESET, "read"));
        protocol_.decoder().commit(static_cast<std::size_t>(count));
        liveness_.heard(Clock::now());
        while (!outcome_ && !ended_) {
            auto received = protocol_.receive();
            if (!received) return connection_failed(received.error());
            if (!received->has_value()) break;
            dispatch(std::move(**received));
        }
        if (outcome_ || ended_) return;
        if (static_cast<std::size_t>(count) < space.size()) break;
    }
    pump_stdin();
    flush();
}

void HostSession::flush() {
    std::string& output = protocol_.output();
    std::size_t sent = 0;
    while (!send_broken_ && !waiting_to_send_ && sent < output.size()) {
        const auto count =
            send_with_descriptors(socket_.native_handle(), std::string_view(output).substr(sent), descriptors_);
        if (count) {
            descriptors_.clear();  // they went with the first byte
            sent += *count;
            launch_left_ -= std::min(launch_left_, *count);
        } else if (is_would_block(count.error().code)) {
            waiting_to_send_ = true;
            socket_.async_wait(asio::posix::stream_descriptor::wait_write, [this](const asio::error_code& error) {
                waiting_to_send_ = false;
                if (error || outcome_) return;
                flush();
                pump_upload();
                pump_stdin();
            });
        } else {
            // The agent's last words may still be on their way to us: go on reading.
            send_broken_ = true;
        }
    }
    output.erase(0, sent);
}

void HostSession::connection_failed(const proto::Error& error) {
    if (ended_) return;  // nothing more was expected of the agent; only our own writing is left
    if (detached_) return finish(*detached_);
    if (protocol_.refused()) return finish(NotStarted{error.doing, exit_code::bridge_failed});
    if (launch_left_ != 0 || protocol_.agent_lacks_program()) {
        return finish(NotStarted{"the agent: " + error.message(), exit_code::bridge_failed});
    }
    finish(Lost{"lost the connection to the agent (" + error.message() + ")"});
}

void HostSession::dispatch(proto::ClientEvent&& received) {
    const bool is_answer =
        std::holds_alternative<event::Launched>(received) || std::holds_alternative<event::LaunchFailed>(received);
    if (is_answer) {
        upload_.reset();
        progress_.reset();
    }
    if (auto* reply = std::get_if<event::Launched>(&received)) {
        launched(reply->reply);
    } else if (auto* failed = std::get_if<event::LaunchFailed>(&received)) {
        const auto& error = failed->error;
        if (error.started()) return finish(Lost{error.text()});
        finish(NotStarted{error.text(), exit_code_for(error.code())});
    } else if (auto* data = std::get_if<event::OutputData>(&received)) {
        sinks_[data->stream]->write(data->bytes);
    } else if (std::holds_alternative<event::StdinCredit>(received)) {
        pump_stdin();
    } else if (auto* consumed = std::get_if<event::StdinConsumed>(&received)) {
        confirm_stdin(consumed->total);
        stdin_poll_ = first_poll;
        pump_stdin();
    } else if (std::holds_alternative<event::Stopped>(received)) {
        stop_and_resume(SignalForwarding::Stop::job);
    } else if (std::holds_alternative<event::StdinClosed>(received)) {
        protocol_.send_stdin_end();
    } else if (std::holds_alternative<event::ManifestRequested>(received)) {
        begin_upload();
    } else if (auto* wanted = std::get_if<event::FilesWanted>(&received)) {
        upload_->want(std::move(wanted->indices));
        pump_upload();
    } else if (std::holds_alternative<event::UploadCredit>(received)) {
        pump_upload();
    } else if (auto* progress = std::get_if<event::Progressed>(&received)) {
        if (progress_) {
            // As long as we send, we know better how far it is.
            if (!protocol_.agent_lacks_program()) progress_->update(progress->text);
        } else if (isatty(STDERR_FILENO) == 1) {
            warn(progress->text);
        }
    } else if (auto* exit = std::get_if<event::Exited>(&received)) {
        exited(exit->status);
    }
}

void HostSession::begin_upload() {
    auto parts = source_.find_parts();
    if (!parts) return finish(NotStarted{parts.error().message(), exit_code::cannot_run});
    upload_.emplace(std::move(*parts), protocol_);
    progress_.emplace(source_.name);
    describe_program();
}

// In steps, so that a signal that comes meanwhile, or the end of the connection, is seen.
void HostSession::describe_program() {
    const auto described = upload_->describe();
    if (!described) return finish(NotStarted{described.error().message(), exit_code::cannot_run});
    if (*described) return flush();
    const auto progress = upload_->progress();
    progress_->update("reading", progress.done, progress.total);
    asio::post(context_, [this] {
        if (!outcome_ && upload_) describe_program();
    });
}

void HostSession::pump_upload() {
    if (!upload_) return;
    while (protocol_.output().size() < largest_backlog && !send_broken_ && upload_->send()) {
        const auto progress = upload_->progress();
        progress_->update("sending", progress.done, progress.total);
        flush();
    }
    flush();
    if (!protocol_.agent_lacks_program()) progress_->erase();
}

void HostSession::launched(const mzinit::v1::LaunchReply& reply) {
    if (reply.detached()) detached_ = Detached{reply.process_id()};
    // Our end is its end.
    if (wants_detached_ && !detached_) return finish(Lost{"the agent is too old to start programs detached"});
    if (reply.terminal() != mzinit::v1::TERMINAL_KIND_NONE) {
        is_windows_terminal_ = reply.terminal() == mzinit::v1::TERMINAL_KIND_WINDOWS;
        terminal_ = std::make_unique<CallerTerminal>();
        is_stdin_terminal_ = isatty(STDIN_FILENO) == 1;  // One that was hung up says no.
    }
    const std::uint32_t relayed = reply.relayed_streams();
    for (const std::uint8_t stream : {stream_stdout, stream_stderr}) {
        const bool is_terminal = terminal_ && (terminal_streams_ & 1u << stream) != 0;
        if ((relayed & 1u << stream) != 0) make_sink(stream, is_terminal ? std::nullopt : text_);
    }
    if ((relayed & 1u << stream_stdin) != 0) {
        stdin_ = make_stdin_source(STDIN_FILENO);
        pump_stdin();
    }
}

void HostSession::make_sink(std::uint8_t stream, std::optional<TextEncoding> text) {
    sinks_[stream] = std::make_unique<OutputSink>(stream, readiness_, text,
                                                  OutputSink::Handlers{
                                                      .delivered =
                                                          [this, stream](std::uint32_t bytes) {
                                                              protocol_.output_delivered(stream, bytes);
                                                              if (!protocol_.output().empty()) flush();
                                                              finish_when_written();
                                                          },
                                                      .closed = [this, stream] { output_broke(stream); },
                                                  });
}

void HostSession::output_broke(std::uint8_t stream) {
    protocol_.send_stream_closed(stream);
    flush();
    if (sinks_[stream]->error() != EPIPE) return;  // a full disk, say: the program may have other things to do
    grace_timer_.expires_after(broken_pipe_grace);
    grace_timer_.async_wait([this, stream](const asio::error_code& error) {
        if (!error && !outcome_) finish(end_after_broken_output(*sinks_[stream], {}));
    });
}

void HostSession::pump_stdin() {
    if (!stdin_) return;
    follow_terminal();
    while (protocol_.sendable() != 0 && protocol_.output().size() < largest_backlog && !send_broken_) {
        if (!typed_.empty()) {
            send_typed();
            continue;
        }
        if (has_typed_end_) break;
        const auto look = stdin_->look(std::min(protocol_.sendable(), proto::limits::max_data_length));
        if (look.state == StdinSource::State::starved) {
            wait_for_stdin();
            break;
        }
        if (look.state == StdinSource::State::end) {
            end_stdin(look.error);
            if (typed_.empty()) break;
            continue;
        }
        stdin_poll_ = first_poll;
        stdin_shown_ += look.bytes.size();
        is_stdin_in_line_ = look.bytes.back() != '\n';
        if (terminal_ && is_windows_terminal_) {
            typed_ = look.bytes;
        } else {
            protocol_.send_stdin(look.bytes);
        }
        flush();
    }
    flush();
}

void HostSession::end_stdin(int error) {
    // EBADF: it is not open for reading, as nohup(1) has it. The program may not want to read at all.
    if (error != 0 && error != EBADF) warn("read standard input: " + std::generic_category().message(error));
    // A terminal that ends is gone, and so be the program's. That a file or a pipe ends (--pty=always) is no reason to hang up.
    if (!terminal_ || is_stdin_terminal_) return protocol_.send_stdin_end();
    has_typed_end_ = true;
    typed_ = typed_end(is_windows_terminal_, is_stdin_in_line_);
}

// The end that was typed is none of our input.
void HostSession::confirm_stdin(std::uint64_t total) { stdin_->confirm(std::min(total, stdin_shown_)); }

// The host's terminal knows no characters for these two signals, so they are ours to see. One step, since a stop in
// between looks for more input itself.
void HostSession::send_typed() {
    const auto found = std::ranges::find_if(typed_, [this](char typed) {
        return terminal_->is_stop_character(typed) || terminal_->is_quit_character(typed);
    });
    const auto before = std::min<std::size_t>(static_cast<std::size_t>(found - typed_.begin()), protocol_.sendable());
    if (before != 0) {
        protocol_.send_stdin(std::string_view(typed_).substr(0, before));
        typed_.erase(0, before);
        return;
    }
    const bool stops = terminal_->is_stop_character(typed_.front());
    typed_.erase(0, 1);
    if (stops) return suspend(SignalForwarding::Stop::job);
    forwarded_signal_ = SIGQUIT;
    protocol_.send_signal(mzinit::v1::SIGNAL_QUIT);
}

void HostSession::follow_terminal() {
    if (terminal_ && terminal_->take()) send_terminal_size();
}

void HostSession::send_terminal_size() {
    const winsize size = caller_terminal_size();
    protocol_.send_resize(size.ws_row, size.ws_col);
}

void HostSession::wait_for_stdin() {
    if (!stdin_->wait_by_polling()) {
        readiness_.when_readable(stdin_->pollable_fd(), [this] { pump_stdin(); });
        return;
    }
    stdin_timer_.expires_after(stdin_poll_);
    stdin_poll_ = std::min(2 * stdin_poll_, last_poll);
    stdin_timer_.async_wait([this](const asio::error_code& error) {
        if (!error && !outcome_) pump_stdin();
    });
}

void HostSession::signal_received(int signal) {
    if (signal == SIGWINCH) {
        if (terminal_) send_terminal_size();
        return flush();
    }
    if (ended_ || wants_detached_) {
        // Only our own last writes hold us up, or a program that is not ours to tell.
        if (signal != SIGTSTP && signal != SIGCONT) finish(Ended{{.signal = signal}, {}});
        return;
    }
    // There is nothing yet that the signal could be for.
    if (protocol_.agent_lacks_program() && signal != SIGTSTP && signal != SIGCONT) {
        return finish(Ended{{.signal = signal}, {}});
    }
    if (signal == SIGTSTP) return suspend(SignalForwarding::Stop::us);
    if (signal == SIGINT && is_impatient()) return finish(Ended{{.signal = SIGINT}, {}});
    if (const auto number = protocol_signal(signal)) {
        if (signal != SIGCONT) forwarded_signal_ = signal;
        protocol_.send_signal(*number);
        flush();
    }
    if (signal == SIGCONT) {
        if (terminal_) {
            terminal_->retake();
            send_terminal_size();
        }
        pump_stdin();
    }
}

// The end of the connection makes the agent end what is left of the program.
bool HostSession::is_impatient() {
    const auto now = Clock::now();
    const auto before = std::exchange(interrupted_, now);
    return before && now - *before < impatience;
}

void HostSession::suspend(SignalForwarding::Stop whom) {
    protocol_.send_signal(mzinit::v1::SIGNAL_TSTP);
    stop_and_resume(whom);
}

void HostSession::stop_and_resume(SignalForwarding::Stop whom) {
    flush();
    if (progress_) progress_->erase();
    if (terminal_) terminal_->give_back();
    signals_.stop_like_unhandled(whom);
    protocol_.send_signal(mzinit::v1::SIGNAL_CONT);
    if (terminal_) {
        terminal_->take();
        send_terminal_size();
    }
    pump_stdin();
}

void HostSession::check_liveness() {
    const auto now = Clock::now();
    // So late that we must have been stopped: then nobody could have heard anything.
    if (now - liveness_timer_.expiry() > late_check) liveness_ = proto::Liveness(now);
    switch (liveness_.check(now)) {
        case proto::Liveness::Verdict::lost:
            return connection_failed(proto::peer_error(proto::PeerFault::silent, "wait for the agent"));
        case proto::Liveness::Verdict::send_ping:
            protocol_.send_ping(static_cast<std::uint64_t>(now.time_since_epoch().count()));
            flush();
            break;
        case proto::Liveness::Verdict::alive: break;
    }
    wait_for_liveness_check();
}

void HostSession::wait_for_liveness_check() {
    liveness_timer_.expires_at(liveness_.next_check());
    liveness_timer_.async_wait([this](const asio::error_code& error) {
        if (!error && !outcome_) check_liveness();
    });
}

void HostSession::exited(const mzinit::v1::ExitStatus& status) {
    if (detached_) return finish(*detached_);
    if (stdin_) confirm_stdin(status.stdin_consumed());
    liveness_timer_.cancel();
    Ended ended;
    if (status.how_case() == mzinit::v1::ExitStatus::kSignal) {
        ended.action.signal = linux_signal(status.signal());
    } else {
        ended.action = map_exit_code(status.code(), forwarded_signal_);
        if (const char* failure = loader_failure(status.code())) ended.message = failure;
    }
    // Our own terminal would have sent it to the whole job: the script that started us ends too.
    const bool was_typed = ended.action.signal == SIGINT || ended.action.signal == SIGQUIT;
    ended.concerns_job = terminal_ && was_typed && forwarded_signal_ == 0;
    for (const auto& sink : sinks_) {
        if (sink) sink->end();
    }
    ended_ = std::move(ended);
    finish_when_written();
}

bool HostSession::output_is_written() const {
    return std::all_of(sinks_.begin(), sinks_.end(), [](const auto& sink) { return !sink || sink->idle(); });
}

void HostSession::finish_when_written() {
    if (!ended_ || outcome_ || !output_is_written()) return;
    for (const auto& sink : sinks_) {
        if (sink && sink->broken()) return finish(end_after_broken_output(*sink, ended_->action));
    }
    finish(std::move(*ended_));
}

// As a local program: SIGPIPE, if nobody has asked to ignore it; else the program's own failure, and never success.
Ended HostSession::end_after_broken_output(const OutputSink& sink, ExitAction own) const {
    if (sink.error() == EPIPE && !signals_.sigpipe_was_ignored()) return {{.signal = SIGPIPE}, {}};
    if (own == ExitAction{}) own.code = 1;
    return {own, "write output: " + std::generic_category().message(sink.error())};
}

void HostSession::finish(SessionOutcome outcome) {
    if (!outcome_) outcome_ = std::move(outcome);
}

}  // namespace

namespace {

/// Whether as many descriptors can be opened as a session needs, so that running out of them is an answer and not a crash.
bool descriptors_are_available() {
    std::array<UniqueFd, 12> probes;
    return std::all_of(probes.begin(), probes.end(), [](UniqueFd& probe) {
        probe = UniqueFd(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
        return static_cast<bool>(probe);
    });
}

}  // namespace

SessionOutcome run_host_session(HostConnection connection, const mzinit::v1::Launch& launch,
                                std::span<const int> descriptors, const UploadSource& source,
                                std::optional<TextEncoding> text) {
    if (!descriptors_are_available())
        return NotStarted{"too many open files (see ulimit -n)", exit_code::bridge_failed};
    HostSession session(std::move(connection), descriptors, source);
    if (text) session.convert_output(*text);
    return session.run(launch);
}

}  // namespace interop
