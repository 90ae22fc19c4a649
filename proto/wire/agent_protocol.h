// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "proto/wire/flow_control.h"
#include "proto/wire/frame_codec.h"
#include "proto/wire/handshake.h"

namespace proto {

/// What a client asked for or did. Views are valid until the decoder is touched again.
namespace agent_event {
struct Nothing {};  ///< The protocol dealt with it.
struct LaunchRequested {
    mzinit::v1::Launch launch;
};
struct InfoRequested {
    mzinit::v1::InfoRequest request;
};
struct ReportReceived {
    mzinit::v1::Report report;  ///< Within the limits, and with a status.
};
struct ManifestReceived {
    mzinit::v1::Manifest manifest;  ///< Within the limits; its names may be anything.
};
struct UploadData {  ///< Never more than what the files that were wanted have together.
    std::string_view bytes;
};
struct UploadEnded {
    bool is_complete;  ///< If not, the client could not send what it has described.
};
struct StdinData {
    std::string_view bytes;
};
struct StdinEnded {};
struct ReaderGone {  ///< Nobody reads this output stream any more.
    std::uint8_t stream;
};
struct SignalRequested {
    mzinit::v1::SignalNumber signal;
};
struct Resized {
    std::uint32_t rows;
    std::uint32_t columns;
};
struct CreditGranted {
    std::uint8_t stream;
};
}  // namespace agent_event

using AgentEvent =
    std::variant<agent_event::Nothing, agent_event::LaunchRequested, agent_event::InfoRequested,
                 agent_event::ReportReceived, agent_event::ManifestReceived, agent_event::UploadData,
                 agent_event::UploadEnded, agent_event::StdinData, agent_event::StdinEnded, agent_event::ReaderGone,
                 agent_event::SignalRequested, agent_event::Resized, agent_event::CreditGranted>;

/// The agent's end of one connection, from the first byte to the last, without I/O: frames in, events and bytes
/// out. Order, credit and limits are enforced here; what is done about an event is the caller's business.
/// Bytes to be sent gather in output().
class AgentProtocol {
  public:
    AgentProtocol(const GreetingOptions& options, AgentHandshake::KeyLookup lookup);

    /// Where the connection's bytes go. After commit(), call receive() until it returns nothing.
    FrameDecoder& decoder() { return decoder_; }

    /// The next event among the bytes received, nothing if more are needed, or the Error that ends the
    /// connection (output() then may hold a Refused for the client); every later call repeats it. Once the last
    /// message was sent, what arrives is discarded.
    Result<std::optional<AgentEvent>> receive();

    /// Bytes waiting to be sent; the caller removes from the front what it sent.
    std::string& output() { return output_; }

    [[nodiscard]] bool authenticated() const { return handshake_.done(); }
    /// True once a request came: the launch deadline no longer applies.
    [[nodiscard]] bool requested() const { return phase_ > Phase::request; }
    [[nodiscard]] bool ended() const { return phase_ == Phase::ended; }
    [[nodiscard]] const Agreement& agreement() const { return handshake_.agreement(); }

    // --- answers to a request: texts may hold any bytes, to_utf8_text makes them fit --------------------
    void send_progress(std::string_view text);
    /// The program runs; bit n of `relayed_streams` says that stream n is carried by DATA.
    void send_launch_reply(std::uint64_t process_id, mzinit::v1::ImageKind kind, std::uint32_t relayed_streams,
                           mzinit::v1::TerminalKind terminal = mzinit::v1::TERMINAL_KIND_NONE);

    /// The program runs and is not the client's any more, as it wanted; ends the connection.
    void send_detached(std::uint64_t process_id, mzinit::v1::ImageKind kind);

    /// The program was stopped by `signal`: in terminal sessions only.
    void send_stopped(mzinit::v1::SignalNumber signal);
    /// No program runs; ends the connection.
    void send_launch_error(mzinit::v1::LaunchErrorCode code, std::uint32_t host_code, std::string_view text,
                           bool started);
    /// Answers InfoRequest, with at most max_offered_names names; ends the connection.
    void send_info(const mzinit::v1::Info& info);
    /// Answers Report: what it says has been written down. Ends the connection.
    void send_report_taken();
    /// Refuses whatever state the connection is in; ends it.
    void send_refused(mzinit::v1::RefusalCode code, std::string_view text);

    // --- a program that we do not see, before its launch is answered -----------------------------------
    /// Whether the client would send the program of the launch, and has not been asked yet.
    [[nodiscard]] bool may_ask_for_upload() const;
    /// Asks for the manifest; the next event of the upload is ManifestReceived. Only if may_ask_for_upload().
    void send_manifest_request();
    /// Asks for these files of the manifest, once it was received: ascending indices, at least one.
    void send_files_wanted(std::span<const std::uint32_t> indices);
    /// `bytes` of the upload were put away; grants credit when due.
    void upload_stored(std::uint32_t bytes);

    // --- while the program runs -------------------------------------------------------------------------
    /// How many bytes may be sent on output stream 1 or 2 now.
    [[nodiscard]] std::uint32_t sendable(std::uint8_t stream) const;
    /// Output of the program: at most sendable(stream) and max_data_length bytes, not empty.
    void send_data(std::uint8_t stream, std::string_view bytes);
    /// The end of output stream 1 or 2, once; later calls do nothing.
    void send_end(std::uint8_t stream);
    /// `bytes` of standard input were handed to the program; grants credit when due.
    void stdin_delivered(std::uint32_t bytes);
    void send_stdin_consumed(std::uint64_t total);
    /// The program reads no more of its standard input. Idempotent.
    void send_stdin_closed();
    void send_ping(std::uint64_t token);
    /// The last message; both output streams must have ended if they were relayed.
    void send_exit_code(std::uint32_t code, std::uint64_t stdin_consumed);
    void send_exit_signal(mzinit::v1::SignalNumber signal, std::uint64_t stdin_consumed);

  private:
    enum class Phase { handshake, request, launching, running, ended };
    enum class Upload { none, manifest_awaited, manifest_received, under_way, ended };

    Result<std::optional<AgentEvent>> receive_frames();
    Result<void> receive_handshake(const Frame& frame);
    Result<AgentEvent> receive_control(std::string_view payload);
    Result<AgentEvent> receive_manifest(mzinit::v1::Manifest manifest);
    Result<AgentEvent> receive_data(const Frame& frame);
    Result<AgentEvent> receive_upload(std::string_view bytes);
    Result<AgentEvent> receive_credit(const Frame& frame);
    [[nodiscard]] bool is_upload_expected() const {
        return upload_ == Upload::manifest_awaited || upload_ == Upload::under_way;
    }
    void send(const mzinit::v1::ControlMessage& message);
    void send_exit(mzinit::v1::ControlMessage message, std::uint64_t stdin_consumed);

    AgentHandshake handshake_;
    FrameDecoder decoder_;
    std::string output_;
    Phase phase_ = Phase::handshake;
    std::optional<Error> failure_;
    std::uint32_t unauthenticated_bytes_ = 0;
    std::uint32_t terminal_streams_ = 0;  // that were asked for
    bool detach_ = false;                 // likewise
    bool can_upload_ = false;             // the client
    Upload upload_ = Upload::none;
    mzinit::v1::Manifest manifest_;
    std::uint64_t upload_left_ = 0;
    ReceiveWindow upload_window_;
    bool has_terminal_ = false;
    std::uint32_t relayed_streams_ = 0;
    ReceiveWindow stdin_window_;
    bool stdin_ended_ = false;
    bool stdin_closed_sent_ = false;
    std::array<std::optional<SendWindow>, standard_stream_count> output_windows_;  // [0] is never set
    std::array<bool, standard_stream_count> output_ended_{};
    std::array<bool, standard_stream_count> reader_gone_{};
};

}  // namespace proto
