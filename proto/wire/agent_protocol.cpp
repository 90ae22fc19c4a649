// SPDX-License-Identifier: MIT
#include "proto/wire/agent_protocol.h"

#include "proto/wire/detach_rules.h"
#include "proto/wire/liveness.h"
#include "proto/wire/report_rules.h"
#include "proto/wire/terminal_rules.h"
#include "proto/wire/upload_rules.h"
#include "proto/wire/utf8_text.h"

namespace proto {
namespace {

using mzinit::v1::ControlMessage;
namespace event = agent_event;

bool is_client_signal(int number) { return number >= mzinit::v1::SIGNAL_INT && number <= mzinit::v1::SIGNAL_CONT; }

Error out_of_order() { return peer_error(PeerFault::unexpected_message, "read from the client"); }

Error too_much_before_authentication() {
    return peer_error(PeerFault::too_much_before_authentication, "greet a client");
}

}  // namespace

AgentProtocol::AgentProtocol(const GreetingOptions& options, AgentHandshake::KeyLookup lookup)
    : handshake_(options, std::move(lookup)),
      output_(handshake_.greeting_frame()),
      upload_window_(options.initial_credit),
      stdin_window_(options.initial_credit) {
    decoder_.set_payload_limit(limits::max_greeting_length);
}

Result<std::optional<AgentEvent>> AgentProtocol::receive() {
    if (failure_) return *failure_;
    auto received = receive_frames();
    if (!received) failure_ = received.error();
    return received;
}

Result<std::optional<AgentEvent>> AgentProtocol::receive_frames() {
    while (phase_ != Phase::ended) {
        auto frame = decoder_.next();
        if (!frame) return std::move(frame).error();
        if (!frame->has_value()) {
            if (phase_ == Phase::handshake && decoder_.bytes_received() > limits::max_unauthenticated_bytes) {
                return too_much_before_authentication();
            }
            return std::optional<AgentEvent>();
        }
        if (phase_ == Phase::handshake) {
            if (auto received = receive_handshake(**frame); !received) return received.error();
            continue;
        }
        auto received = (*frame)->type == FrameType::control ? receive_control((*frame)->payload)
                        : (*frame)->type == FrameType::data  ? receive_data(**frame)
                                                             : receive_credit(**frame);
        if (!received) return received.error();
        if (!std::holds_alternative<event::Nothing>(*received)) return std::optional<AgentEvent>(std::move(*received));
    }
    decoder_.discard();
    return std::optional<AgentEvent>();
}

Result<void> AgentProtocol::receive_handshake(const Frame& frame) {
    unauthenticated_bytes_ += static_cast<std::uint32_t>(frame_header_length + frame.payload.size());
    if (unauthenticated_bytes_ > limits::max_unauthenticated_bytes) return too_much_before_authentication();
    if (auto received = handshake_.receive(frame, output_); !received) return received;
    if (handshake_.done()) {
        phase_ = Phase::request;
        decoder_.set_payload_limit(limits::max_control_length);
    }
    return {};
}

Result<AgentEvent> AgentProtocol::receive_control(std::string_view payload) {
    auto message = parse_control(payload);
    if (!message) return message.error();
    switch (message->body_case()) {
        case ControlMessage::kLaunch:
            if (phase_ != Phase::request) return out_of_order();
            if (!is_terminal_request(message->launch().terminal_streams())) {
                return peer_error(PeerFault::malformed_message, "read which streams are a terminal");
            }
            if (!is_detach_request(message->launch())) {
                return peer_error(PeerFault::malformed_message, "read a launch that is to be detached");
            }
            phase_ = Phase::launching;
            terminal_streams_ = message->launch().terminal_streams();
            detach_ = message->launch().detach();
            can_upload_ = message->launch().can_upload() && message->launch().host_name().empty() &&
                          (agreement().capabilities & capability::uploads) != 0;
            if (!is_upload_request(message->launch(), can_upload_)) {
                return peer_error(PeerFault::malformed_message, "read a launch whose program is to be sent");
            }
            return AgentEvent(event::LaunchRequested{std::move(*message->mutable_launch())});
        case ControlMessage::kInfoRequest:
            if (phase_ != Phase::request) return out_of_order();
            phase_ = Phase::launching;
            return AgentEvent(event::InfoRequested{std::move(*message->mutable_info_request())});
        case ControlMessage::kReport:
            if (phase_ != Phase::request || (agreement().capabilities & capability::reports) == 0)
                return out_of_order();
            if (!is_valid_report(message->report())) return peer_error(PeerFault::malformed_message, "read a report");
            phase_ = Phase::launching;
            return AgentEvent(event::ReportReceived{std::move(*message->mutable_report())});
        case ControlMessage::kManifest: return receive_manifest(std::move(*message->mutable_manifest()));
        case ControlMessage::kPing: {
            const std::uint64_t credit = 2 * std::uint64_t{agreement().credit_granted_to_us};
            auto answered = append_pong(output_, message->ping().token(), credit);
            if (!answered) return answered.error();
            return AgentEvent(event::Nothing{});
        }
        case ControlMessage::kPong: return AgentEvent(event::Nothing{});
        case ControlMessage::kSignal:
            if (phase_ < Phase::launching) return out_of_order();
            if (!is_client_signal(message->signal().signal())) {
                return peer_error(PeerFault::malformed_message, "read a signal");
            }
            return AgentEvent(event::SignalRequested{message->signal().signal()});
        case ControlMessage::kResize:
            if (phase_ < Phase::launching) return out_of_order();
            return AgentEvent(event::Resized{message->resize().rows(), message->resize().columns()});
        case ControlMessage::kStreamClosed: {
            const std::uint32_t stream = message->stream_closed().stream();
            if (phase_ != Phase::running || (stream != stream_stdout && stream != stream_stderr) ||
                !output_windows_[stream]) {
                return out_of_order();
            }
            if (output_ended_[stream] || reader_gone_[stream]) return AgentEvent(event::Nothing{});
            reader_gone_[stream] = true;
            return AgentEvent(event::ReaderGone{static_cast<std::uint8_t>(stream)});
        }
        default: return out_of_order();
    }
}

Result<AgentEvent> AgentProtocol::receive_manifest(mzinit::v1::Manifest manifest) {
    if (phase_ != Phase::launching || upload_ != Upload::manifest_awaited) return out_of_order();
    if (!is_valid_manifest(manifest)) return peer_error(PeerFault::malformed_message, "read a manifest");
    upload_ = Upload::manifest_received;
    manifest_ = manifest;
    return AgentEvent(event::ManifestReceived{std::move(manifest)});
}

Result<AgentEvent> AgentProtocol::receive_upload(std::string_view bytes) {
    if (upload_ == Upload::ended) return peer_error(PeerFault::data_after_end, "read an upload");
    if (upload_ != Upload::under_way) return out_of_order();
    if (bytes.empty()) {
        upload_ = Upload::ended;
        return AgentEvent(event::UploadEnded{upload_left_ == 0});
    }
    if (auto received = upload_window_.receive(static_cast<std::uint32_t>(bytes.size())); !received)
        return received.error();
    if (bytes.size() > upload_left_) return peer_error(PeerFault::data_after_end, "read an upload");
    upload_left_ -= bytes.size();
    return AgentEvent(event::UploadData{bytes});
}

Result<AgentEvent> AgentProtocol::receive_data(const Frame& frame) {
    if (frame.stream == stream_upload) return receive_upload(frame.payload);
    if (phase_ != Phase::running || frame.stream != stream_stdin || (relayed_streams_ & 1u << stream_stdin) == 0) {
        return out_of_order();
    }
    if (stdin_ended_) return peer_error(PeerFault::data_after_end, "read standard input");
    if (frame.payload.empty()) {
        stdin_ended_ = true;
        return AgentEvent(event::StdinEnded{});
    }
    const auto size = static_cast<std::uint32_t>(frame.payload.size());
    if (auto received = stdin_window_.receive(size); !received) return received.error();
    if (stdin_closed_sent_) return AgentEvent(event::Nothing{});
    return AgentEvent(event::StdinData{frame.payload});
}

Result<AgentEvent> AgentProtocol::receive_credit(const Frame& frame) {
    if (phase_ != Phase::running || frame.stream >= output_windows_.size() || !output_windows_[frame.stream])
        return out_of_order();
    auto bytes = parse_credit(frame.payload);
    if (!bytes) return bytes.error();
    if (auto granted = output_windows_[frame.stream]->grant(*bytes); !granted) return granted.error();
    return AgentEvent(event::CreditGranted{frame.stream});
}

void AgentProtocol::send(const ControlMessage& message) {
    const bool fits = append_control(output_, message);
    CHECK(fits);
}

void AgentProtocol::send_progress(std::string_view text) {
    CHECK(phase_ == Phase::launching || phase_ == Phase::running);
    ControlMessage message;
    message.mutable_progress()->set_text(to_utf8_text(text));
    send(message);
}

void AgentProtocol::send_launch_reply(std::uint64_t process_id, mzinit::v1::ImageKind kind,
                                      std::uint32_t relayed_streams, mzinit::v1::TerminalKind terminal) {
    CHECK(phase_ == Phase::launching && !detach_ && !is_upload_expected());
    phase_ = Phase::running;
    has_terminal_ = terminal != mzinit::v1::TERMINAL_KIND_NONE;
    relayed_streams_ = relayed_streams;
    for (const std::uint8_t stream : {stream_stdout, stream_stderr}) {
        if ((relayed_streams & 1u << stream) != 0) output_windows_[stream].emplace(agreement().credit_granted_to_us);
    }
    ControlMessage message;
    message.mutable_launch_reply()->set_process_id(process_id);
    message.mutable_launch_reply()->set_image_kind(kind);
    message.mutable_launch_reply()->set_relayed_streams(relayed_streams);
    message.mutable_launch_reply()->set_terminal(terminal);
    CHECK(is_answer_to_terminal_request(message.launch_reply(), terminal_streams_));
    send(message);
}

bool AgentProtocol::may_ask_for_upload() const {
    return phase_ == Phase::launching && can_upload_ && upload_ == Upload::none;
}

void AgentProtocol::send_manifest_request() {
    CHECK(may_ask_for_upload());
    upload_ = Upload::manifest_awaited;
    ControlMessage message;
    message.mutable_manifest_request();
    send(message);
}

void AgentProtocol::send_files_wanted(std::span<const std::uint32_t> indices) {
    CHECK(phase_ == Phase::launching && upload_ == Upload::manifest_received);
    upload_ = Upload::under_way;
    ControlMessage message;
    auto& wish = *message.mutable_files_wanted();
    wish.mutable_indices()->Assign(indices.begin(), indices.end());
    CHECK(is_valid_wish(wish, static_cast<std::uint32_t>(manifest_.files_size())));
    upload_left_ = wanted_size(manifest_, wish);
    send(message);
}

void AgentProtocol::upload_stored(std::uint32_t bytes) {
    const auto grant = upload_window_.release(bytes);
    if (grant && phase_ == Phase::launching && upload_ == Upload::under_way) {
        append_credit(output_, stream_upload, *grant);
    }
}

void AgentProtocol::send_detached(std::uint64_t process_id, mzinit::v1::ImageKind kind) {
    CHECK(phase_ == Phase::launching && detach_ && !is_upload_expected());
    phase_ = Phase::running;
    ControlMessage message;
    message.mutable_launch_reply()->set_process_id(process_id);
    message.mutable_launch_reply()->set_image_kind(kind);
    message.mutable_launch_reply()->set_detached(true);
    send(message);
    send_exit_code(0, 0);
}

void AgentProtocol::send_launch_error(mzinit::v1::LaunchErrorCode code, std::uint32_t host_code, std::string_view text,
                                      bool started) {
    CHECK(phase_ == Phase::launching);
    phase_ = Phase::ended;
    ControlMessage message;
    auto& error = *message.mutable_launch_error();
    error.set_code(code);
    error.set_host_code(host_code);
    error.set_text(to_utf8_text(text));
    error.set_started(started);
    send(message);
}

void AgentProtocol::send_info(const mzinit::v1::Info& info) {
    CHECK(phase_ == Phase::launching);
    CHECK(static_cast<std::size_t>(info.names_size()) <= limits::max_offered_names);
    phase_ = Phase::ended;
    ControlMessage message;
    auto& sent = *message.mutable_info();
    sent = info;
    sent.set_search_path(to_utf8_text(info.search_path()));
    for (auto& mapping : *sent.mutable_paths()) {
        mapping.set_guest(to_utf8_text(mapping.guest()));
        mapping.set_host(to_utf8_text(mapping.host()));
    }
    for (auto& runner : *sent.mutable_runners()) {
        runner.set_command(to_utf8_text(runner.command()));
    }
    for (auto& name : *sent.mutable_names()) name = to_utf8_text(name);
    send(message);
}

void AgentProtocol::send_report_taken() {
    CHECK(phase_ == Phase::launching);
    phase_ = Phase::ended;
    ControlMessage message;
    message.mutable_report_taken();
    send(message);
}

void AgentProtocol::send_refused(mzinit::v1::RefusalCode code, std::string_view text) {
    phase_ = Phase::ended;
    append_refused(output_, code, text);
}

std::uint32_t AgentProtocol::sendable(std::uint8_t stream) const {
    if (phase_ != Phase::running || !output_windows_[stream] || output_ended_[stream]) return 0;
    return output_windows_[stream]->available();
}

void AgentProtocol::send_data(std::uint8_t stream, std::string_view bytes) {
    CHECK(!bytes.empty() && bytes.size() <= sendable(stream));
    output_windows_[stream]->spend(static_cast<std::uint32_t>(bytes.size()));
    append_data(output_, stream, bytes);
}

void AgentProtocol::send_end(std::uint8_t stream) {
    CHECK(phase_ == Phase::running && output_windows_[stream]);
    if (output_ended_[stream]) return;
    output_ended_[stream] = true;
    append_data(output_, stream, {});
}

void AgentProtocol::stdin_delivered(std::uint32_t bytes) {
    const auto grant = stdin_window_.release(bytes);
    if (grant && phase_ == Phase::running && !stdin_ended_ && !stdin_closed_sent_) {
        append_credit(output_, stream_stdin, *grant);
    }
}

void AgentProtocol::send_stopped(mzinit::v1::SignalNumber signal) {
    CHECK(phase_ == Phase::running && has_terminal_);
    ControlMessage message;
    message.mutable_stopped()->set_signal(signal);
    send(message);
}

void AgentProtocol::send_stdin_consumed(std::uint64_t total) {
    CHECK(phase_ == Phase::running);
    ControlMessage message;
    message.mutable_stdin_consumed()->set_total(total);
    send(message);
}

void AgentProtocol::send_stdin_closed() {
    CHECK(phase_ == Phase::running);
    if (stdin_closed_sent_) return;
    stdin_closed_sent_ = true;
    ControlMessage message;
    message.mutable_stream_closed()->set_stream(stream_stdin);
    send(message);
}

void AgentProtocol::send_ping(std::uint64_t token) {
    ControlMessage message;
    message.mutable_ping()->set_token(token);
    send(message);
}

void AgentProtocol::send_exit(ControlMessage message, std::uint64_t stdin_consumed) {
    CHECK(phase_ == Phase::running);
    for (const std::uint8_t stream : {stream_stdout, stream_stderr}) {
        CHECK(!output_windows_[stream] || output_ended_[stream]);
    }
    phase_ = Phase::ended;
    message.mutable_exit_status()->set_stdin_consumed(stdin_consumed);
    send(message);
}

void AgentProtocol::send_exit_code(std::uint32_t code, std::uint64_t stdin_consumed) {
    ControlMessage message;
    message.mutable_exit_status()->set_code(code);
    send_exit(std::move(message), stdin_consumed);
}

void AgentProtocol::send_exit_signal(mzinit::v1::SignalNumber signal, std::uint64_t stdin_consumed) {
    ControlMessage message;
    message.mutable_exit_status()->set_signal(signal);
    send_exit(std::move(message), stdin_consumed);
}

}  // namespace proto
