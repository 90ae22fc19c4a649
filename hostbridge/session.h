// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hostbridge/agent_limits.h"
#include "hostbridge/audit_log.h"
#include "hostbridge/discarded_output.h"
#include "hostbridge/launch_policy.h"
#include "hostbridge/name_listing.h"
#include "hostbridge/output_relay.h"
#include "hostbridge/pending_launch.h"
#include "hostbridge/process_launcher.h"
#include "hostbridge/stdin_relay.h"
#include "hostbridge/transport/connection.h"
#include "hostbridge/uv/timer.h"
#include "proto/wire/agent_protocol.h"
#include "proto/wire/liveness.h"

namespace hostbridge {

/// What all sessions share; borrowed, and outlives them.
struct SessionServices {
    uv_loop_t* loop = nullptr;
    ProcessLauncher* launcher = nullptr;
    interop::PathMap map;
    std::string fallback_directory;
    const ProgramStore* store = nullptr;  ///< Null: no program is stored.
    std::string store_directory;          ///< Where it is, also where it is kept from storing; empty: nowhere.
    WorkLanes* lanes = nullptr;           ///< Never null once a session begins.
    std::function<void(const AuditRecord&)> audit;
    std::span<char> scratch;  ///< For reading programs' output.
    DiscardedOutput* discarded_output = nullptr;
    std::vector<proto::Key> keys;
    LaunchPolicy launch_policy;
    std::string search_path;              ///< PATH of the agent's user, for Info.
    NameListing* name_listing = nullptr;  ///< Likewise; null: no names are offered.
    /// Of detached programs, which cannot be waited for: those that were started last.
    std::deque<StoredProgram> stored_detached;
    std::chrono::milliseconds start_limit = limits::start;  ///< Also for an upload that makes no progress.
    std::chrono::milliseconds drain_limit = limits::drain;
};

/// One connection from accept to close: greets, launches, relays, reports the exit. Kept alive by its owner; callbacks
/// of work that may take longer hold weak references.
class Session final : public ConnectionOwner, public std::enable_shared_from_this<Session> {
  public:
    enum class KeyPolicy { none, required };

    /// What a session tells its owner.
    struct Events {
        /// The client has proved who it is, if it had to; called at most once, before its request is looked at. May refuse().
        std::function<void(Session&)> authenticated;
        /// Called once, when the session may be destroyed, though not before the call has returned.
        std::function<void(Session&)> finished;
    };

    Session(SessionServices& services, std::unique_ptr<Connection> connection, const Peer& peer, KeyPolicy key_policy,
            const proto::Nonce& nonce, Events events);

    /// Begins to talk to the client.
    void start();

    /// Answers anything the client may send with a refusal and closes.
    void refuse(mzinit::v1::RefusalCode code, std::string_view text);

    [[nodiscard]] const Peer& peer() const { return peer_; }

    /// Whether a program runs or is being started for this client.
    [[nodiscard]] bool has_launch() const;

    /// Ends at once, the program too.
    void abort(std::string_view reason);

    std::span<char> receive_buffer() override;
    void received(std::size_t size, PassedDescriptors descriptors) override;
    void peer_ended() override;
    void send_queue_empty() override;
    void failed(const proto::Error& error) override;

  private:
    enum class Phase { greeting, preparing, running, draining, ending, lingering, finished };

    void begin_greeting();
    void handle_events();
    void handle(proto::AgentEvent event);
    void begin_launch(mzinit::v1::Launch launch);
    void start_program(PreparedLaunch prepared);
    void started(ProcessLauncher::Started outcome);
    void let_go(const DetachedProgram& program);
    void start_relays(Process& process);
    void fail_launch(const LaunchFailure& failure);
    void answer_info(const mzinit::v1::InfoRequest& request);
    void send_info(const std::vector<std::string>& names);
    void take_report(const mzinit::v1::Report& report);
    void deliver_signal(mzinit::v1::SignalNumber signal);
    void take_stdin(std::string_view bytes);
    void end_stdin();
    void close_output(std::uint8_t stream);
    void resize(const proto::agent_event::Resized& size);
    void hang_up();
    void program_stopped(mzinit::v1::SignalNumber signal);
    void tell_stop();
    void tell_stop_if_all_is_shown();
    [[nodiscard]] bool has_terminal() const;
    void exited(ExitResult result);
    void drain_time_over();
    void leave_output(OutputRelay& output);
    void end_if_drained();
    void on_tick();
    [[nodiscard]] bool check_liveness();
    [[nodiscard]] bool silence_is_excused() const;
    void on_deadline();
    void protocol_error(const proto::Error& error);
    void flush();
    void update_outputs();
    void stop_relays();
    void begin_ending();
    void finish();
    void write_audit_record(std::string result);
    [[nodiscard]] std::string peer_text() const { return to_string(peer_); }

    SessionServices& services_;
    std::unique_ptr<Connection> connection_;
    Peer peer_;
    Events events_;
    bool authenticated_ = false;  ///< And said so.
    proto::AgentProtocol protocol_;
    proto::Liveness liveness_;
    Phase phase_ = Phase::greeting;
    uv::Timer deadline_;  ///< Launch deadline, start limit, untold stop, drain limit, linger: one at a time.
    uv::Timer tick_;      ///< Progress and liveness while starting, then liveness.

    PassedDescriptors passed_;
    std::vector<mzinit::v1::SignalNumber> early_signals_;
    std::optional<proto::agent_event::Resized> early_size_;
    std::optional<mzinit::v1::SignalNumber> untold_stop_;
    std::shared_ptr<PendingLaunch> pending_;  ///< Until the launcher is asked. Shared with its own work only.
    bool client_stopped_ = false;             ///< It sent TSTP and nothing since.
    bool program_stopped_ = false;            ///< The client was told so, and stops itself until it sends CONT.
    bool launcher_was_asked_ = false;         ///< So that something may have been started.
    mzinit::v1::ImageKind image_kind_ = mzinit::v1::IMAGE_KIND_OTHER;
    std::unique_ptr<Process> process_;
    std::unique_ptr<StdinRelay> stdin_;
    std::vector<std::unique_ptr<OutputRelay>> outputs_;
    std::optional<ExitResult> exit_;
    std::optional<std::uint64_t> stdin_consumed_;

    std::optional<StoredProgram> stored_program_;  ///< The one that runs, if it was stored.

    std::optional<LaunchRecord> record_;  ///< Of a Launch that has not been logged yet.
    std::chrono::steady_clock::time_point launch_begin_;
};

}  // namespace hostbridge
