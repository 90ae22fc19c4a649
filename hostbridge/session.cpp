// SPDX-License-Identifier: MIT
#include "hostbridge/session.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "hostbridge/agent_limits.h"
#include "hostbridge/host_system.h"
#include "hostbridge/session_text.h"
#include "hostbridge/uv/work.h"
#include "proto/base/log.h"

namespace hostbridge {
namespace {

namespace event = proto::agent_event;
using Clock = std::chrono::steady_clock;

proto::GreetingOptions greeting_options(const Peer& peer, const proto::Nonce& nonce, bool takes_uploads) {
    proto::GreetingOptions options;
    if (peer.transport == Peer::Transport::unix_socket) options.capabilities |= proto::capability::descriptor_passing;
    if (path_flavour() == interop::PathFlavour::windows) options.capabilities |= proto::capability::raw_command_tail;
    if (takes_uploads) options.capabilities |= proto::capability::uploads | proto::capability::requested_uploads;
    options.nonce = nonce;
    options.capabilities |= proto::capability::host_names | proto::capability::reports | proto::capability::path_lists;
    options.software = software_name();
    return options;
}

proto::AgentHandshake::KeyLookup key_lookup(const SessionServices& services, Session::KeyPolicy policy) {
    if (policy == Session::KeyPolicy::none) return {};
    return [&keys = services.keys](std::string_view id) {
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        return proto::find_key(keys, id, now);
    };
}

std::chrono::milliseconds until(Clock::time_point when) {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()), std::chrono::milliseconds(1));
}

bool asks_to_end(mzinit::v1::SignalNumber signal) {
    return signal == mzinit::v1::SIGNAL_INT || signal == mzinit::v1::SIGNAL_QUIT || signal == mzinit::v1::SIGNAL_TERM ||
           signal == mzinit::v1::SIGNAL_HUP;
}

}  // namespace

Session::Session(SessionServices& services, std::unique_ptr<Connection> connection, const Peer& peer,
                 KeyPolicy key_policy, const proto::Nonce& nonce, Events events)
    : services_(services),
      connection_(std::move(connection)),
      peer_(peer),
      events_(std::move(events)),
      protocol_(greeting_options(peer, nonce, services.store != nullptr), key_lookup(services, key_policy)),
      liveness_(Clock::now()),
      deadline_(services.loop, [this] { on_deadline(); }),
      tick_(services.loop, [this] { on_tick(); }) {}

void Session::start() {
    deadline_.start(proto::limits::launch_deadline);
    connection_->start(*this);
    flush();
}

void Session::refuse(mzinit::v1::RefusalCode code, std::string_view text) {
    if (phase_ == Phase::finished) return;
    protocol_.send_refused(code, text);
    begin_ending();
}

bool Session::has_launch() const { return phase_ >= Phase::preparing && phase_ < Phase::finished; }

void Session::abort(std::string_view reason) {
    if (phase_ == Phase::finished) return;
    write_audit_record(std::string(reason));
    finish();
}

// --- what the connection says ----------------------------------------------------------------------------

std::span<char> Session::receive_buffer() {
    // Large only for those who send much: every session keeps its buffer.
    return protocol_.decoder().prepare(
        stdin_ || (pending_ && pending_->awaits_upload()) ? limits::connection_read : limits::small_connection_read);
}

void Session::received(std::size_t size, PassedDescriptors descriptors) {
    if (phase_ >= Phase::ending) return;  // discarded, but read: unread input would turn our close into a reset
    liveness_.heard(Clock::now());
    client_stopped_ = false;
    protocol_.decoder().commit(size);
    if (!descriptors.empty()) {
        if (protocol_.requested() || !passed_.empty()) {
            return protocol_error(proto::peer_error(proto::PeerFault::descriptor_mismatch, "receive descriptors"));
        }
        passed_ = std::move(descriptors);
    }
    handle_events();
    // They travel with the first byte of Launch: that has come whole without them, or nothing of it has come yet.
    const bool strayed = protocol_.requested() || protocol_.decoder().between_frames();
    if (phase_ < Phase::ending && strayed && !passed_.empty()) {
        return protocol_error(proto::peer_error(proto::PeerFault::descriptor_mismatch, "read the request"));
    }
    flush();
}

void Session::handle_events() {
    while (phase_ < Phase::ending) {
        auto next = protocol_.receive();
        if (!next) return protocol_error(next.error());
        if (protocol_.authenticated() && !std::exchange(authenticated_, true)) {
            peer_.key_name = protocol_.agreement().key_name;
            peer_.guest_user = protocol_.agreement().guest_user;
            if (events_.authenticated) events_.authenticated(*this);
            if (phase_ >= Phase::ending) return;
        }
        if (!next->has_value()) break;
        handle(std::move(**next));
    }
    // A frame that is longer is refused when it is complete; this one need not be waited for.
    if (!protocol_.authenticated() && protocol_.decoder().bytes_received() > proto::limits::max_unauthenticated_bytes) {
        protocol_error(proto::peer_error(proto::PeerFault::too_much_before_authentication, "greet a client"));
    }
}

void Session::peer_ended() {
    if (phase_ == Phase::finished) return;
    if (phase_ < Phase::ending) write_audit_record("client lost");
    finish();
}

void Session::failed(const proto::Error& error) {
    if (phase_ == Phase::finished) return;
    if (phase_ < Phase::ending) {
        proto::info(peer_text() + ": " + error.message());
        write_audit_record("client lost");
    }
    finish();
}

void Session::protocol_error(const proto::Error& error) {
    if (phase_ >= Phase::ending) return;
    proto::warn(peer_text() + ": " + error.message());
    write_audit_record("protocol error");
    stdin_.reset();
    outputs_.clear();
    process_.reset();
    begin_ending();
}

void Session::handle(proto::AgentEvent next) {
    if (auto* launch = std::get_if<event::LaunchRequested>(&next)) {
        begin_launch(std::move(launch->launch));
    } else if (auto* question = std::get_if<event::InfoRequested>(&next)) {
        answer_info(question->request);
    } else if (auto* received = std::get_if<event::ReportReceived>(&next)) {
        take_report(received->report);
    } else if (auto* manifest = std::get_if<event::ManifestReceived>(&next)) {
        pending_->take_manifest(manifest->manifest);
    } else if (auto* file_data = std::get_if<event::UploadData>(&next)) {
        pending_->take_upload(file_data->bytes);
    } else if (auto* end = std::get_if<event::UploadEnded>(&next)) {
        pending_->end_upload(end->is_complete);
    } else if (auto* data = std::get_if<event::StdinData>(&next)) {
        take_stdin(data->bytes);
    } else if (std::holds_alternative<event::StdinEnded>(next)) {
        end_stdin();
    } else if (auto* gone = std::get_if<event::ReaderGone>(&next)) {
        close_output(gone->stream);
    } else if (auto* size = std::get_if<event::Resized>(&next)) {
        resize(*size);
    } else if (auto* signal = std::get_if<event::SignalRequested>(&next)) {
        deliver_signal(signal->signal);
    } else if (std::holds_alternative<event::CreditGranted>(next)) {
        update_outputs();
    }
}

bool Session::has_terminal() const { return process_ && process_->terminal() != mzinit::v1::TERMINAL_KIND_NONE; }

void Session::take_stdin(std::string_view bytes) {
    if (!stdin_) return;
    if (!has_terminal()) return stdin_->deliver(bytes);
    std::string typed(bytes);
    const bool interrupts = process_->note_typed(typed);
    if (interrupts && phase_ == Phase::draining) return drain_time_over();
    stdin_->deliver(typed);
}

void Session::end_stdin() {
    if (has_terminal()) return hang_up();
    if (stdin_) stdin_->end();
}

void Session::close_output(std::uint8_t stream) {
    // Nobody sees the terminal any more.
    if (stream == proto::stream_stdout && has_terminal()) return hang_up();
    for (auto& output : outputs_) {
        if (output->stream() == stream) output->close();
    }
    end_if_drained();
}

// What the terminal still shows and what it has not been told are lost, as with any other.
void Session::hang_up() {
    stdin_->abandon();
    for (auto& output : outputs_) {
        if (output->stream() == proto::stream_stdout) output->close();
    }
    process_->hang_up();
    end_if_drained();
}

void Session::resize(const event::Resized& size) {
    if (process_) {
        process_->resize(size.rows, size.columns);
    } else if (phase_ == Phase::preparing) {
        early_size_ = size;
    }
}

void Session::program_stopped(mzinit::v1::SignalNumber signal) {
    if (phase_ != Phase::running) return;
    untold_stop_ = signal;
    deadline_.start(limits::stopped_output);
    tell_stop_if_all_is_shown();
}

// Its client stops as soon as it is told: what the program made of the screen before has to be there by then.
void Session::tell_stop_if_all_is_shown() {
    if (phase_ == Phase::running && untold_stop_ && !process_->is_output_waiting()) tell_stop();
}

void Session::tell_stop() {
    deadline_.stop();
    program_stopped_ = true;
    protocol_.send_stopped(*std::exchange(untold_stop_, std::nullopt));
    flush();
}

void Session::deliver_signal(mzinit::v1::SignalNumber signal) {
    if (signal == mzinit::v1::SIGNAL_TSTP) client_stopped_ = true;
    if (signal == mzinit::v1::SIGNAL_CONT) {
        program_stopped_ = false;
        untold_stop_.reset();
    }
    if (phase_ == Phase::draining) {
        if (asks_to_end(signal)) drain_time_over();
    } else if (process_) {
        process_->deliver(signal);
        // It was let go, and nobody waits for what it still writes.
        if (phase_ == Phase::draining) drain_time_over();
    } else if (phase_ == Phase::preparing && early_signals_.size() < limits::early_signals) {
        early_signals_.push_back(signal);
    }
}

// --- launching -------------------------------------------------------------------------------------------

void Session::begin_launch(mzinit::v1::Launch launch) {
    record_.emplace();
    record_->peer = peer_text();
    record_->program = launch.host_name().empty() ? launch.program() : launch.host_name();
    launch_begin_ = Clock::now();
    auto descriptors = match_descriptors(launch, std::exchange(passed_, {}));
    if (!descriptors) return protocol_error(descriptors.error());
    if (launch.descriptors_size() > 0 &&
        (protocol_.agreement().capabilities & proto::capability::descriptor_passing) == 0) {
        return protocol_error(proto::peer_error(proto::PeerFault::descriptor_mismatch, "read Launch"));
    }
    if (auto refused = services_.launch_policy.refusal(peer_)) {
        return fail_launch({.code = mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY, .text = std::move(*refused)});
    }
    phase_ = Phase::preparing;
    tick_.start(proto::limits::progress_interval, proto::limits::progress_interval);
    // It could send them, and does not want to: then what it passes is not for keeping, either.
    const bool keeps_its_files =
        (protocol_.agreement().capabilities & proto::capability::uploads) != 0 && !launch.can_upload();
    pending_ = std::make_shared<PendingLaunch>(
        services_.loop, *services_.lanes, protocol_,
        PendingLaunch::Job{
            .launch = std::move(launch),
            .descriptors = std::move(*descriptors),
            .map = services_.map,
            .policy = services_.launch_policy,
            .context = {.same_kernel = peer_.transport == Peer::Transport::unix_socket,
                        .fallback_directory = services_.fallback_directory,
                        .store = keeps_its_files ? nullptr : services_.store,
                        .store_directory = services_.store_directory,
                        .can_ask_for_upload = services_.store != nullptr && protocol_.may_ask_for_upload(),
                        .peer = peer_},
            .stored = {},
            .outcome = {}},
        PendingLaunch::Events{.progressed =
                                  [this] {
                                      deadline_.start(services_.start_limit);
                                      flush();
                                  },
                              .prepared = [this](PreparedLaunch prepared) { start_program(std::move(prepared)); },
                              .failed = [this](const LaunchFailure& failure) { fail_launch(failure); }});
    deadline_.start(services_.start_limit);
    pending_->begin();
}

void Session::start_program(PreparedLaunch prepared) {
    auto& request = prepared.request;
    if (auto refused = services_.launcher->refusal(request.image)) return fail_launch(*refused);
    image_kind_ = protocol_image_kind(request.image);
    stored_program_ = std::move(prepared.stored);
    const auto pending = std::exchange(pending_, nullptr);
    record_->uploaded = pending->uploaded();
    // Which one a name has meant, or what the policy was asked about.
    if (!pending->launch().host_name().empty() || request.program_file) record_->program = request.program;
    const LaunchDescriptors& passed = pending->descriptors();
    for (std::size_t i = 0; i < passed.streams.size(); ++i) request.passed_streams[i] = passed.streams[i].get();
    request.passed_working_directory = passed.working_directory.get();
    launcher_was_asked_ = true;
    services_.launcher->launch(
        std::move(request),
        // If nobody is there any more, the Process is destroyed here, and the program with it.
        [weak = weak_from_this()](ProcessLauncher::Started outcome) {
            if (const auto self = weak.lock(); self && self->phase_ == Phase::preparing)
                self->started(std::move(outcome));
        },
        [weak = weak_from_this()](ExitResult result) {
            if (const auto self = weak.lock(); self && self->phase_ == Phase::running) self->exited(result);
        });
}

void Session::fail_launch(const LaunchFailure& failure) {
    protocol_.send_launch_error(failure.code, failure.host_code, failure.text, failure.started);
    write_audit_record("refused " + std::string(name_of(failure.code)));
    begin_ending();
}

void Session::started(ProcessLauncher::Started outcome) {
    if (auto* failure = std::get_if<LaunchFailure>(&outcome)) return fail_launch(*failure);
    if (auto* detached = std::get_if<DetachedProgram>(&outcome)) return let_go(*detached);
    process_ = std::get<std::unique_ptr<Process>>(std::move(outcome));
    phase_ = Phase::running;
    deadline_.stop();
    record_->process_id = process_->id();
    std::uint32_t relayed = 0;
    for (std::size_t stream = 0; stream < 3; ++stream) {
        if (process_->pipes[stream]) relayed |= 1u << stream;
    }
    protocol_.send_launch_reply(process_->id(), image_kind_, relayed, process_->terminal());
    process_->on_stopped = [this](mzinit::v1::SignalNumber signal) { program_stopped(signal); };
    if (early_size_) process_->resize(early_size_->rows, early_size_->columns);
    start_relays(*process_);
    for (const auto signal : std::exchange(early_signals_, {})) deliver_signal(signal);
    if (phase_ != Phase::running) return flush();
    tick_.start(until(liveness_.next_check()));
    update_outputs();
    flush();
}

// What the client sent meanwhile was for a program of its own.
void Session::let_go(const DetachedProgram& program) {
    record_->process_id = program.id;
    if (stored_program_) {
        services_.stored_detached.push_back(std::move(*stored_program_));
        if (services_.stored_detached.size() > limits::stored_detached) services_.stored_detached.pop_front();
    }
    protocol_.send_detached(program.id, image_kind_);
    write_audit_record("detached");
    begin_ending();
}

void Session::start_relays(Process& process) {
    const auto send = [this] { flush(); };
    if (auto& pipe = process.pipes[proto::stream_stdin]) {
        stdin_ = std::make_unique<StdinRelay>(services_.loop, std::move(pipe), process, protocol_, send);
    }
    for (const std::uint8_t stream : {proto::stream_stdout, proto::stream_stderr}) {
        auto& pipe = process.pipes[stream];
        if (!pipe) continue;
        const bool is_terminal = stream == proto::stream_stdout && has_terminal();
        outputs_.push_back(std::make_unique<OutputRelay>(
            stream, std::move(pipe), is_terminal ? OutputRelay::Source::terminal : OutputRelay::Source::pipe, protocol_,
            services_.scratch, [this] {
                end_if_drained();
                tell_stop_if_all_is_shown();
                flush();
            }));
    }
}

void Session::answer_info(const mzinit::v1::InfoRequest& request) {
    if (!request.names() || services_.name_listing == nullptr) return send_info({});
    deadline_.stop();  // the listing has one
    services_.name_listing->list(request.prefix(), [weak = weak_from_this()](const std::vector<std::string>& names) {
        if (const auto self = weak.lock(); self && self->phase_ == Phase::greeting) self->send_info(names);
    });
}

void Session::send_info(const std::vector<std::string>& names) {
    mzinit::v1::Info info;
    info.set_software(software_name());
    info.set_system(std::string(system_name()));
    for (const auto& prefix : services_.map.prefixes()) {
        auto& path = *info.add_paths();
        path.set_guest(prefix.guest);
        path.set_host(prefix.host);
    }
    info.set_search_path(services_.search_path);
    for (const auto& [kind, command] : services_.launcher->runners()) {
        auto& runner = *info.add_runners();
        runner.set_kind(kind);
        runner.set_command(command);
    }
    info.mutable_names()->Add(names.begin(), names.end());
    protocol_.send_info(info);
    begin_ending();
}

// Who may not start a program here shall not write what it likes into the log of those that were started, either.
void Session::take_report(const mzinit::v1::Report& report) {
    if (!passed_.empty()) {
        return protocol_error(proto::peer_error(proto::PeerFault::descriptor_mismatch, "read a report"));
    }
    if (const auto refused = services_.launch_policy.refusal(peer_)) {
        proto::warn(peer_text() + ": report refused: " + *refused);
        return refuse(mzinit::v1::REFUSAL_NOT_AUTHORIZED, *refused);
    }
    const bool was_killed = report.how_case() == mzinit::v1::Report::kSignal;
    services_.audit(
        ReportRecord{.peer = peer_text(),
                     .machine = report.machine(),
                     .command = report.command(),
                     .result = describe_exit(was_killed ? ExitResult(report.signal()) : ExitResult(report.code()))});
    protocol_.send_report_taken();
    begin_ending();
}

// --- the end ---------------------------------------------------------------------------------------------

void Session::exited(ExitResult result) {
    phase_ = Phase::draining;
    exit_ = result;
    deadline_.start(services_.drain_limit);
    for (auto& output : outputs_) output->start_catching_up();
    if (stdin_) {
        stdin_->count_after_exit([this](std::uint64_t consumed) {
            stdin_consumed_ = consumed;
            end_if_drained();
            flush();
        });
    } else {
        stdin_consumed_ = 0;
    }
    end_if_drained();
    flush();
}

// Descendants hold the pipes. What the program itself wrote is still sent, however slowly the client takes it.
void Session::drain_time_over() {
    bool waiting = false;
    for (auto& output : outputs_) {
        if (output->ended()) continue;
        if (output->caught_up()) {
            leave_output(*output);
        } else {
            waiting = true;
        }
    }
    if (!stdin_consumed_) waiting = true;
    if (waiting) deadline_.start(limits::drain_recheck);
    end_if_drained();
    flush();
}

// What lives on can go on writing. Of a terminal that is the keeper's business on POSIX, because it has to keep it open.
void Session::leave_output(OutputRelay& output) {
    const bool is_kept =
        output.stream() == proto::stream_stdout && process_->terminal() == mzinit::v1::TERMINAL_KIND_POSIX;
    if (is_kept || services_.discarded_output == nullptr) return output.close();
    services_.discarded_output->take(output.give_up());
}

void Session::end_if_drained() {
    if (phase_ != Phase::draining || !stdin_consumed_) return;
    for (const auto& output : outputs_) {
        if (!output->ended()) return;
    }
    if (const auto* code = std::get_if<std::uint32_t>(&*exit_)) {
        protocol_.send_exit_code(*code, *stdin_consumed_);
    } else {
        protocol_.send_exit_signal(std::get<mzinit::v1::SignalNumber>(*exit_), *stdin_consumed_);
    }
    write_audit_record(describe_exit(*exit_));
    begin_ending();
}

// Not destroyed: this may be called from inside a relay.
void Session::stop_relays() {
    for (auto& output : outputs_) output->stop();
    if (stdin_) stdin_->stop();
}

void Session::begin_ending() {
    phase_ = Phase::ending;
    tick_.stop();
    pending_.reset();
    stop_relays();
    deadline_.start(limits::ending);
    flush();
}

void Session::flush() {
    if (phase_ >= Phase::lingering) return;
    std::string& output = protocol_.output();
    if (!output.empty()) connection_->send(output);
    if (output.size() + connection_->unsent() > limits::send_backlog) {
        return failed(proto::peer_error(proto::PeerFault::silent, "send to a client that takes nothing"));
    }
    if (phase_ != Phase::ending) return update_outputs();
    if (!output.empty() || connection_->unsent() > 0) return;
    phase_ = Phase::lingering;
    connection_->shut_down();
    deadline_.start(proto::limits::linger);
}

void Session::send_queue_empty() {
    if (phase_ != Phase::finished) flush();
}

void Session::update_outputs() {
    const bool room = protocol_.output().size() + connection_->unsent() < limits::output_backlog;
    for (auto& output : outputs_) output->update(room);
}

void Session::on_tick() {
    if (!check_liveness()) return;
    if (phase_ == Phase::preparing) {
        protocol_.send_progress(pending_ ? pending_->progress_text() : "the program is being started");
    } else {
        tick_.start(until(liveness_.next_check()));
    }
    flush();
}

bool Session::check_liveness() {
    if (silence_is_excused()) liveness_.heard(Clock::now());
    switch (liveness_.check(Clock::now())) {
        case proto::Liveness::Verdict::lost:
            failed(proto::peer_error(proto::PeerFault::silent, "hear from the client"));
            return false;
        case proto::Liveness::Verdict::send_ping: protocol_.send_ping(0); break;
        case proto::Liveness::Verdict::alive: break;
    }
    return true;
}

// A client that was stopped (Ctrl-Z, SIGSTOP) answers no Ping and is not dead. It says so before it stops for Ctrl-Z, or we
// have told it that its program was stopped; and the end of one on our own kernel is always seen.
bool Session::silence_is_excused() const {
    return client_stopped_ || program_stopped_ || peer_.transport == Peer::Transport::unix_socket;
}

void Session::on_deadline() {
    if (phase_ == Phase::running) {
        if (untold_stop_) tell_stop();
        return;
    }
    if (phase_ == Phase::draining) return drain_time_over();
    if (phase_ == Phase::preparing) {
        const bool awaits_upload = pending_ && pending_->awaits_upload();
        // Ctrl-Z: nothing is expected of one that is stopped.
        if (awaits_upload && client_stopped_) return deadline_.start(services_.start_limit);
        return fail_launch({.code = mzinit::v1::LAUNCH_ERROR_HOST_FAILURE,
                            .host_code = 0,
                            .text = awaits_upload ? "nothing more comes of the program that is to be sent"
                                                  : "starting the program takes too long",
                            .started = launcher_was_asked_});  // whatever hangs may have started it
    }
    if (phase_ == Phase::greeting) {
        proto::info(peer_text() + ": no request within the time limit");
    }
    finish();
}

void Session::finish() {
    if (phase_ == Phase::finished) return;
    phase_ = Phase::finished;
    tick_.stop();
    deadline_.stop();
    stop_relays();
    pending_.reset();
    if (process_ && !exit_) process_->terminate_tree();
    events_.finished(*this);
}

void Session::write_audit_record(std::string result) {
    if (!record_) return;
    record_->result = std::move(result);
    if (pending_) record_->uploaded = pending_->uploaded();
    record_->duration = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - launch_begin_);
    services_.audit(*record_);
    record_.reset();
}

}  // namespace hostbridge
