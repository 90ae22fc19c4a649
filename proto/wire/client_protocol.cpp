// SPDX-License-Identifier: MIT
#include "proto/wire/client_protocol.h"

#include <algorithm>

#include "proto/wire/detach_rules.h"
#include "proto/wire/liveness.h"
#include "proto/wire/report_rules.h"
#include "proto/wire/terminal_rules.h"
#include "proto/wire/upload_rules.h"

namespace proto {
namespace {

using mzinit::v1::ControlMessage;
namespace event = client_event;

Error out_of_order() { return peer_error(PeerFault::unexpected_message, "read from the agent"); }

}  // namespace

ClientProtocol::ClientProtocol(const GreetingOptions& options, std::optional<Key> key,
                               ClientHandshake::KeyPolicy policy)
    : handshake_(options, std::move(key), policy),
      output_(handshake_.greeting_frame()),
      output_windows_{ReceiveWindow(0), ReceiveWindow(options.initial_credit), ReceiveWindow(options.initial_credit)} {
    decoder_.set_payload_limit(limits::max_greeting_length);
}

Result<std::optional<ClientEvent>> ClientProtocol::receive() {
    if (failure_) return *failure_;
    auto received = receive_frames();
    if (!received) failure_ = received.error();
    return received;
}

Result<std::optional<ClientEvent>> ClientProtocol::receive_frames() {
    while (phase_ != Phase::ended) {
        auto frame = decoder_.next();
        if (!frame) return std::move(frame).error();
        if (!frame->has_value()) return std::optional<ClientEvent>();
        auto received = receive_frame(**frame);
        if (!received) return received.error();
        if (!std::holds_alternative<event::Nothing>(*received)) return std::optional<ClientEvent>(std::move(*received));
    }
    decoder_.discard();
    return std::optional<ClientEvent>();
}

Result<ClientEvent> ClientProtocol::receive_frame(const Frame& frame) {
    if (phase_ == Phase::handshake) {
        if (auto received = handshake_.receive(frame, output_); !received) return received.error();
        if (!handshake_.done()) return ClientEvent(event::Nothing{});
        phase_ = Phase::ready;
        decoder_.set_payload_limit(limits::max_control_length);
        return ClientEvent(event::Ready{});
    }
    switch (frame.type) {
        case FrameType::control: return receive_control(frame.payload);
        case FrameType::data: return receive_data(frame);
        case FrameType::credit: return receive_credit(frame);
    }
    return out_of_order();
}

Result<ClientEvent> ClientProtocol::receive_control(std::string_view payload) {
    auto message = parse_control(payload);
    if (!message) return message.error();
    switch (message->body_case()) {
        case ControlMessage::kRefused:
            refused_ = phase_ != Phase::running;
            return Error{std::make_error_code(std::errc::permission_denied),
                         "the agent refused the connection (" + message->refused().text() + ")"};
        case ControlMessage::kLaunchReply:
            if (phase_ != Phase::launching || agent_lacks_program()) return out_of_order();
            if (!is_answer_to_terminal_request(message->launch_reply(), terminal_streams_) ||
                !is_answer_to_detach_request(message->launch_reply(), detach_)) {
                return peer_error(PeerFault::malformed_message, "read the answer to a launch");
            }
            phase_ = Phase::running;
            has_terminal_ = message->launch_reply().terminal() != mzinit::v1::TERMINAL_KIND_NONE;
            relayed_streams_ = message->launch_reply().relayed_streams();
            if (relayed(stream_stdin)) stdin_window_.emplace(agreement().credit_granted_to_us);
            return ClientEvent(event::Launched{std::move(*message->mutable_launch_reply())});
        case ControlMessage::kLaunchError:
            if (phase_ != Phase::launching) return out_of_order();
            phase_ = Phase::ended;
            return ClientEvent(event::LaunchFailed{std::move(*message->mutable_launch_error())});
        case ControlMessage::kInfo:
            if (phase_ != Phase::asking) return out_of_order();
            if (static_cast<std::size_t>(message->info().names_size()) > limits::max_offered_names) {
                return peer_error(PeerFault::malformed_message, "read what the agent says of itself");
            }
            phase_ = Phase::ended;
            return ClientEvent(event::InfoReceived{std::move(*message->mutable_info())});
        case ControlMessage::kReportTaken:
            if (phase_ != Phase::reporting) return out_of_order();
            phase_ = Phase::ended;
            return ClientEvent(event::ReportTaken{});
        case ControlMessage::kManifestRequest:
            if (phase_ != Phase::launching || !can_upload_ || upload_ != Upload::none) return out_of_order();
            upload_ = Upload::manifest_wanted;
            return ClientEvent(event::ManifestRequested{});
        case ControlMessage::kFilesWanted: return receive_files_wanted(message->files_wanted());
        case ControlMessage::kStdinConsumed: {
            const std::uint64_t total = message->stdin_consumed().total();
            if (phase_ != Phase::running || !stdin_window_) return out_of_order();
            if (total < stdin_consumed_ || total > stdin_sent_) {
                return peer_error(PeerFault::malformed_message, "read how much standard input was consumed");
            }
            stdin_consumed_ = total;
            return ClientEvent(event::StdinConsumed{total});
        }
        case ControlMessage::kStopped:
            if (phase_ != Phase::running || !has_terminal_) return out_of_order();
            return ClientEvent(event::Stopped{});
        case ControlMessage::kStreamClosed:
            if (phase_ != Phase::running || message->stream_closed().stream() != stream_stdin || !stdin_window_) {
                return out_of_order();
            }
            if (stdin_closed_) return ClientEvent(event::Nothing{});
            stdin_closed_ = true;
            return ClientEvent(event::StdinClosed{});
        case ControlMessage::kProgress:
            if (phase_ < Phase::asking) return out_of_order();
            return ClientEvent(event::Progressed{message->progress().text()});
        case ControlMessage::kPing: {
            auto answered = append_pong(output_, message->ping().token(), agreement().credit_granted_to_us);
            if (!answered) return answered.error();
            return ClientEvent(event::Nothing{});
        }
        case ControlMessage::kPong: return ClientEvent(event::Nothing{});
        case ControlMessage::kExitStatus: return receive_exit(message->exit_status());
        default: return out_of_order();
    }
}

Result<ClientEvent> ClientProtocol::receive_files_wanted(const mzinit::v1::FilesWanted& wish) {
    if (phase_ != Phase::launching || upload_ != Upload::manifest_sent) return out_of_order();
    if (!is_valid_wish(wish, static_cast<std::uint32_t>(manifest_.files_size()))) {
        return peer_error(PeerFault::malformed_message, "read which files are wanted");
    }
    upload_ = Upload::under_way;
    upload_left_ = wanted_size(manifest_, wish);
    upload_window_.emplace(agreement().credit_granted_to_us);
    return ClientEvent(event::FilesWanted{{wish.indices().begin(), wish.indices().end()}});
}

Result<ClientEvent> ClientProtocol::receive_exit(mzinit::v1::ExitStatus status) {
    if (phase_ != Phase::running) return out_of_order();
    for (const std::uint8_t stream : {stream_stdout, stream_stderr}) {
        if (relayed(stream) && !output_ended_[stream]) return out_of_order();
    }
    if (status.how_case() == mzinit::v1::ExitStatus::HOW_NOT_SET || status.stdin_consumed() > stdin_sent_ ||
        status.stdin_consumed() < stdin_consumed_) {
        return peer_error(PeerFault::malformed_message, "read the exit status");
    }
    phase_ = Phase::ended;
    return ClientEvent(event::Exited{std::move(status)});
}

Result<ClientEvent> ClientProtocol::receive_data(const Frame& frame) {
    const bool is_output = frame.stream == stream_stdout || frame.stream == stream_stderr;
    if (phase_ != Phase::running || !is_output || !relayed(frame.stream)) return out_of_order();
    if (output_ended_[frame.stream]) return peer_error(PeerFault::data_after_end, "read output");
    if (frame.payload.empty()) {
        output_ended_[frame.stream] = true;
        return ClientEvent(event::OutputEnded{frame.stream});
    }
    auto received = output_windows_[frame.stream].receive(static_cast<std::uint32_t>(frame.payload.size()));
    if (!received) return received.error();
    if (output_closed_[frame.stream]) return ClientEvent(event::Nothing{});
    return ClientEvent(event::OutputData{frame.stream, frame.payload});
}

// Credit that has crossed the end of the upload, or the answer to the launch, is no error.
Result<ClientEvent> ClientProtocol::receive_upload_credit(std::string_view payload) {
    if (!upload_window_) return out_of_order();
    auto bytes = parse_credit(payload);
    if (!bytes) return bytes.error();
    if (auto granted = upload_window_->grant(*bytes); !granted) return granted.error();
    return ClientEvent(event::UploadCredit{});
}

Result<ClientEvent> ClientProtocol::receive_credit(const Frame& frame) {
    if (frame.stream == stream_upload) return receive_upload_credit(frame.payload);
    if (phase_ != Phase::running || frame.stream != stream_stdin || !stdin_window_) return out_of_order();
    auto bytes = parse_credit(frame.payload);
    if (!bytes) return bytes.error();
    if (auto granted = stdin_window_->grant(*bytes); !granted) return granted.error();
    return ClientEvent(event::StdinCredit{});
}

void ClientProtocol::send(const ControlMessage& message) {
    const bool fits = append_control(output_, message);
    CHECK(fits);
}

bool ClientProtocol::send_launch(const mzinit::v1::Launch& launch) {
    CHECK(phase_ == Phase::ready);
    ControlMessage message;
    *message.mutable_launch() = launch;
    if (!append_control(output_, message)) return false;
    phase_ = Phase::launching;
    terminal_streams_ = launch.terminal_streams();
    detach_ = launch.detach();
    can_upload_ = launch.can_upload();
    return true;
}

void ClientProtocol::send_info_request(const mzinit::v1::InfoRequest& request) {
    CHECK(phase_ == Phase::ready);
    phase_ = Phase::asking;
    ControlMessage message;
    *message.mutable_info_request() = request;
    send(message);
}

void ClientProtocol::send_report(const mzinit::v1::Report& report) {
    CHECK(phase_ == Phase::ready && (agreement().capabilities & capability::reports) != 0);
    CHECK(is_valid_report(report));
    phase_ = Phase::reporting;
    ControlMessage message;
    *message.mutable_report() = report;
    send(message);
}

bool ClientProtocol::send_manifest(const mzinit::v1::Manifest& manifest) {
    CHECK(upload_ == Upload::manifest_wanted && is_valid_manifest(manifest));
    ControlMessage message;
    *message.mutable_manifest() = manifest;
    if (!append_control(output_, message)) return false;
    upload_ = Upload::manifest_sent;
    manifest_ = manifest;
    return true;
}

std::uint32_t ClientProtocol::upload_sendable() const {
    if (phase_ != Phase::launching || upload_ != Upload::under_way) return 0;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(upload_window_->available(), upload_left_));
}

void ClientProtocol::send_upload(std::string_view bytes) {
    CHECK(!bytes.empty() && bytes.size() <= upload_sendable());
    upload_window_->spend(static_cast<std::uint32_t>(bytes.size()));
    upload_left_ -= bytes.size();
    append_data(output_, stream_upload, bytes);
}

void ClientProtocol::send_upload_end() {
    // The agent may have refused the launch meanwhile.
    if (phase_ != Phase::launching || upload_ != Upload::under_way) return;
    upload_ = Upload::ended;
    append_data(output_, stream_upload, {});
}

bool ClientProtocol::agent_lacks_program() const {
    return upload_ == Upload::manifest_wanted || upload_ == Upload::under_way;
}

std::uint32_t ClientProtocol::sendable() const {
    if (phase_ != Phase::running || !stdin_window_ || stdin_ended_) return 0;
    return stdin_window_->available();
}

void ClientProtocol::send_stdin(std::string_view bytes) {
    CHECK(!bytes.empty() && bytes.size() <= sendable());
    stdin_window_->spend(static_cast<std::uint32_t>(bytes.size()));
    stdin_sent_ += bytes.size();
    append_data(output_, stream_stdin, bytes);
}

void ClientProtocol::send_stdin_end() {
    // Input can come to its end after the program has.
    if (phase_ != Phase::running || !stdin_window_ || stdin_ended_) return;
    stdin_ended_ = true;
    append_data(output_, stream_stdin, {});
}

void ClientProtocol::output_delivered(std::uint8_t stream, std::uint32_t bytes) {
    const auto grant = output_windows_[stream].release(bytes);
    if (grant && phase_ == Phase::running && !output_ended_[stream] && !output_closed_[stream]) {
        append_credit(output_, stream, *grant);
    }
}

void ClientProtocol::send_stream_closed(std::uint8_t stream) {
    CHECK(stream != stream_stdin && relayed(stream));
    if (phase_ != Phase::running || output_closed_[stream] || output_ended_[stream]) return;
    output_closed_[stream] = true;
    ControlMessage message;
    message.mutable_stream_closed()->set_stream(stream);
    send(message);
}

void ClientProtocol::send_signal(mzinit::v1::SignalNumber signal) {
    if (phase_ != Phase::launching && phase_ != Phase::running) return;
    ControlMessage message;
    message.mutable_signal()->set_signal(signal);
    send(message);
}

void ClientProtocol::send_resize(std::uint32_t rows, std::uint32_t columns) {
    if (phase_ != Phase::launching && phase_ != Phase::running) return;
    ControlMessage message;
    message.mutable_resize()->set_rows(rows);
    message.mutable_resize()->set_columns(columns);
    send(message);
}

void ClientProtocol::send_ping(std::uint64_t token) {
    ControlMessage message;
    message.mutable_ping()->set_token(token);
    send(message);
}

}  // namespace proto
