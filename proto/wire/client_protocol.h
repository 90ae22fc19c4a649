// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/wire/flow_control.h"
#include "proto/wire/frame_codec.h"
#include "proto/wire/handshake.h"

namespace proto {

/// What an agent said. Views are valid until the decoder is touched again.
namespace client_event {
struct Nothing {};
struct Ready {};  ///< The handshake is over: send the request.
struct Launched {
    mzinit::v1::LaunchReply reply;
};
struct LaunchFailed {
    mzinit::v1::LaunchError error;
};
struct InfoReceived {
    mzinit::v1::Info info;
};
struct ReportTaken {};
struct ManifestRequested {};  ///< The host does not see the program: send_manifest().
struct FilesWanted {
    std::vector<std::uint32_t> indices;  ///< Of the manifest's files, ascending, at least one: send them in this order.
};
struct UploadCredit {};  ///< More of the upload may be sent.
struct OutputData {
    std::uint8_t stream;
    std::string_view bytes;
};
struct OutputEnded {
    std::uint8_t stream;
};
struct StdinCredit {};  ///< More standard input may be sent.
struct StdinConsumed {
    std::uint64_t total;
};
struct Stopped {};      ///< The program was stopped, in a terminal session; it waits for CONT.
struct StdinClosed {};  ///< The program reads no more standard input.
struct Progressed {
    std::string text;
};
struct Exited {
    mzinit::v1::ExitStatus status;
};
}  // namespace client_event

using ClientEvent =
    std::variant<client_event::Nothing, client_event::Ready, client_event::Launched, client_event::LaunchFailed,
                 client_event::InfoReceived, client_event::ReportTaken, client_event::ManifestRequested,
                 client_event::FilesWanted, client_event::UploadCredit, client_event::OutputData,
                 client_event::OutputEnded, client_event::StdinCredit, client_event::StdinConsumed,
                 client_event::Stopped, client_event::StdinClosed, client_event::Progressed, client_event::Exited>;

/// The client's end of one connection without I/O; the mirror image of AgentProtocol.
class ClientProtocol {
  public:
    ClientProtocol(const GreetingOptions& options, std::optional<Key> key, ClientHandshake::KeyPolicy policy);

    FrameDecoder& decoder() { return decoder_; }

    /// The next event among the bytes received, nothing if more are needed, or the Error that ends the
    /// connection; every later call repeats it.
    Result<std::optional<ClientEvent>> receive();

    /// Bytes waiting to be sent; the caller removes from the front what it sent.
    std::string& output() { return output_; }

    /// True once the agent's Greeting was read: the greeting deadline no longer applies.
    [[nodiscard]] bool greeted() const { return handshake_.greeted(); }
    [[nodiscard]] bool ended() const { return phase_ == Phase::ended; }
    /// True if the agent answered Refused before any LaunchReply: nothing was started, whatever was sent.
    [[nodiscard]] bool refused() const { return refused_; }
    [[nodiscard]] const Agreement& agreement() const { return handshake_.agreement(); }

    /// After Ready. False, and nothing was queued, if the message is over max_control_length.
    [[nodiscard]] bool send_launch(const mzinit::v1::Launch& launch);
    /// After Ready. The prefix is UTF-8.
    void send_info_request(const mzinit::v1::InfoRequest& request = {});
    /// After Ready, and only if agreement() has capability::reports. The report must keep to the limits and say how the
    /// command ended.
    void send_report(const mzinit::v1::Report& report);

    /// After ManifestRequested, once; the manifest keeps to its limits. False, and nothing was queued, if the message is over
    /// max_control_length.
    [[nodiscard]] bool send_manifest(const mzinit::v1::Manifest& manifest);
    /// How many bytes of the files that are wanted may be sent now.
    [[nodiscard]] std::uint32_t upload_sendable() const;
    /// At most upload_sendable() and max_data_length bytes, not empty.
    void send_upload(std::string_view bytes);
    /// All that is wanted was sent; or, before it was, that the rest cannot be. Once; later calls do nothing.
    void send_upload_end();
    /// True while the agent waits for the program: it cannot have started it, even if nothing more is heard of it.
    [[nodiscard]] bool agent_lacks_program() const;

    /// How many bytes of standard input may be sent now.
    [[nodiscard]] std::uint32_t sendable() const;
    /// At most sendable() and max_data_length bytes, not empty.
    void send_stdin(std::string_view bytes);
    /// The end of standard input, once; later calls do nothing.
    void send_stdin_end();
    /// `bytes` of output stream 1 or 2 were written out; grants credit when due.
    void output_delivered(std::uint8_t stream, std::uint32_t bytes);
    /// Nobody reads output stream 1 or 2 any more. Idempotent; data already on its way is dropped.
    void send_stream_closed(std::uint8_t stream);
    void send_signal(mzinit::v1::SignalNumber signal);
    void send_resize(std::uint32_t rows, std::uint32_t columns);
    void send_ping(std::uint64_t token);

  private:
    enum class Phase { handshake, ready, asking, reporting, launching, running, ended };
    enum class Upload { none, manifest_wanted, manifest_sent, under_way, ended };

    Result<std::optional<ClientEvent>> receive_frames();
    Result<ClientEvent> receive_frame(const Frame& frame);
    Result<ClientEvent> receive_control(std::string_view payload);
    Result<ClientEvent> receive_files_wanted(const mzinit::v1::FilesWanted& wish);
    Result<ClientEvent> receive_upload_credit(std::string_view payload);
    Result<ClientEvent> receive_exit(mzinit::v1::ExitStatus status);
    Result<ClientEvent> receive_data(const Frame& frame);
    Result<ClientEvent> receive_credit(const Frame& frame);
    void send(const mzinit::v1::ControlMessage& message);
    [[nodiscard]] bool relayed(std::uint8_t stream) const { return (relayed_streams_ & 1u << stream) != 0; }

    ClientHandshake handshake_;
    FrameDecoder decoder_;
    std::string output_;
    Phase phase_ = Phase::handshake;
    std::optional<Error> failure_;
    bool refused_ = false;
    std::uint32_t terminal_streams_ = 0;  // that were asked for
    bool detach_ = false;                 // likewise
    bool can_upload_ = false;             // what the launch offered
    Upload upload_ = Upload::none;
    mzinit::v1::Manifest manifest_;
    std::uint64_t upload_left_ = 0;
    std::optional<SendWindow> upload_window_;
    bool has_terminal_ = false;
    std::uint32_t relayed_streams_ = 0;
    std::optional<SendWindow> stdin_window_;
    std::uint64_t stdin_sent_ = 0;
    std::uint64_t stdin_consumed_ = 0;
    bool stdin_ended_ = false;
    bool stdin_closed_ = false;
    std::array<ReceiveWindow, standard_stream_count> output_windows_;  // [0] is unused
    std::array<bool, standard_stream_count> output_ended_{};
    std::array<bool, standard_stream_count> output_closed_{};
};

}  // namespace proto
