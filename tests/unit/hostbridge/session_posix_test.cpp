// SPDX-License-Identifier: MIT
#include "hostbridge/session.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <future>

#include "hostbridge/uv/loop.h"
#include "interop/os/unique_fd.h"
#include "proto/wire/handshake.h"
#include "temporary_directory.h"

namespace hostbridge {
namespace {

using namespace std::chrono_literals;
using mzinit::v1::ControlMessage;

/// What a connection did; outlives it.
struct Wire {
    std::string sent;
    bool shut_down = false;
};

class FakeConnection final : public Connection {
  public:
    explicit FakeConnection(Wire& wire) : wire_(wire) {}
    void start(ConnectionOwner&) override {}
    void send(std::string& bytes) override {
        wire_.sent += bytes;
        bytes.clear();
    }
    [[nodiscard]] std::size_t unsent() const override { return 0; }
    void shut_down() override { wire_.shut_down = true; }

  private:
    Wire& wire_;
};

/// What happened to the program; outlives it.
struct ProgramLog {
    int started = 0;
    bool terminated = false;
    bool hung_up = false;
    bool output_waits = false;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sizes;
    std::vector<mzinit::v1::SignalNumber> signals;
};

class FakeProcess final : public Process {
  public:
    FakeProcess(ProgramLog& log, mzinit::v1::TerminalKind terminal) : log_(log), terminal_(terminal) {}
    [[nodiscard]] std::uint64_t id() const override { return 77; }
    std::uint64_t unread_stdin() override { return 0; }
    void count_unread_stdin_after_exit(std::size_t, std::function<void(std::uint64_t)> done) override { done(0); }
    void deliver(mzinit::v1::SignalNumber signal) override { log_.signals.push_back(signal); }
    void terminate_tree() override { log_.terminated = true; }
    [[nodiscard]] mzinit::v1::TerminalKind terminal() const override { return terminal_; }
    void resize(std::uint32_t rows, std::uint32_t columns) override { log_.sizes.emplace_back(rows, columns); }
    [[nodiscard]] bool is_output_waiting() const override { return log_.output_waits; }
    void hang_up() override { log_.hung_up = true; }

  private:
    ProgramLog& log_;
    mzinit::v1::TerminalKind terminal_;
};

/// Starts nothing until the test says so; all streams of its programs were passed.
class FakeLauncher final : public ProcessLauncher {
  public:
    void launch(ProcessRequest asked_for, std::function<void(Started)> started,
                std::function<void(ExitResult)> exited) override {
        request = std::move(asked_for);
        started_ = std::move(started);
        exited_ = std::move(exited);
    }
    [[nodiscard]] std::optional<LaunchFailure> refusal(const interop::ImageDescription&) const override {
        return refusal_;
    }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> runners() const override {
        return {{"pe64", "run %p"}};
    }

    void let_it_start() {
        ++log.started;
        started_(std::make_unique<FakeProcess>(log, mzinit::v1::TERMINAL_KIND_NONE));
    }
    void let_it_start_detached() { started_(DetachedProgram{77}); }
    /// With a terminal whose other end is `other_end`.
    void let_it_start_in_terminal(uv_loop_t* loop, interop::UniqueFd& other_end) {
        auto process = std::make_unique<FakeProcess>(log, mzinit::v1::TERMINAL_KIND_POSIX);
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        other_end = interop::UniqueFd(ends[1]);
        process->pipes[0] = uv::Pipe::open(loop, ::fcntl(ends[0], F_DUPFD_CLOEXEC, 3)).value();
        process->pipes[1] = uv::Pipe::open(loop, ends[0]).value();
        process_ = process.get();
        started_(std::move(process));
    }
    void let_it_stop() { process_->on_stopped(mzinit::v1::SIGNAL_TSTP); }
    void let_it_exit(ExitResult result) { exited_(result); }
    [[nodiscard]] bool asked() const { return started_ != nullptr; }

    ProcessRequest request;
    ProgramLog log;
    std::optional<LaunchFailure> refusal_;

  private:
    Process* process_ = nullptr;
    std::function<void(Started)> started_;
    std::function<void(ExitResult)> exited_;
};

class SessionTest : public testing::Test {
  protected:
    SessionTest()
        : services_{.loop = loop_.get(),
                    .launcher = &launcher_,
                    .map = interop::PathMap(interop::PathFlavour::posix),
                    .fallback_directory = {},
                    .store = nullptr,
                    .lanes = &lanes_,
                    .audit = [this](const AuditRecord& record) { keep(record); },
                    .scratch = scratch_,
                    .keys = {},
                    .search_path = "/bin"} {
        std::ofstream(directory_ / "a.exe") << "MZ";
        open_session();
    }

    void open_session() {
        Peer peer;
        peer.transport = Peer::Transport::unix_socket;
        peer.user_id = 5;
        peer.process_id = 6;
        session_ = std::make_shared<Session>(
            services_, std::make_unique<FakeConnection>(wire_), peer, Session::KeyPolicy::none, proto::Nonce{},
            Session::Events{.authenticated = [this](Session& session) { on_authenticated_(session); },
                            .finished = [this](Session&) { finished_ = true; }});
        session_->start();
    }

    /// Of a client that passes its program, and goes while all of the lane's threads are held.
    void expect_that_nothing_is_kept_in(uv::WorkLane& lane) {
        std::promise<void> release;
        static_cast<void>(lane.queue([freed = release.get_future().share()] { freed.wait(); }, [] {}));
        greet();
        auto message = launch_message();
        message.mutable_launch()->add_descriptors(mzinit::v1::DESCRIPTOR_PROGRAM);
        PassedDescriptors passed;
        const int program = ::open((directory_ / "a.exe").c_str(), O_RDONLY | O_CLOEXEC);
        passed.emplace_back(program);
        receive(message, std::move(passed));
        EXPECT_GE(::fcntl(program, F_GETFD), 0);
        session_->peer_ended();
        EXPECT_LT(::fcntl(program, F_GETFD), 0);
        release.set_value();
        session_.reset();
        uv_run(loop_.get(), UV_RUN_DEFAULT);
        EXPECT_FALSE(launcher_.asked());
    }

    void open_session_with(const ProgramStore& store) {
        services_.store = &store;
        wire_ = {};
        open_session();
    }

    void receive(const std::string& bytes, PassedDescriptors descriptors = {}) {
        const auto buffer = session_->receive_buffer();
        ASSERT_LE(bytes.size(), buffer.size());
        std::copy(bytes.begin(), bytes.end(), buffer.begin());
        session_->received(bytes.size(), std::move(descriptors));
    }
    void receive(const ControlMessage& message, PassedDescriptors descriptors = {}) {
        std::string bytes;
        ASSERT_TRUE(proto::append_control(bytes, message));
        receive(bytes, std::move(descriptors));
    }
    void keep(const AuditRecord& record) {
        if (const auto* launch = std::get_if<LaunchRecord>(&record)) records_.push_back(*launch);
        if (const auto* report = std::get_if<ReportRecord>(&record)) reports_.push_back(*report);
    }
    void greet(std::uint64_t more_capabilities = 0) {
        proto::GreetingOptions options;
        options.capabilities = proto::capability::descriptor_passing | proto::capability::reports | more_capabilities;
        receive(proto::ClientHandshake(options, {}, proto::ClientHandshake::KeyPolicy::if_asked).greeting_frame());
    }
    ControlMessage launch_message(const std::string& name = "a.exe") {
        ControlMessage message;
        auto& launch = *message.mutable_launch();
        launch.set_program(directory_ / name);
        launch.set_program_size(2);
        launch.set_program_head_sha256(std::string(proto::as_bytes(proto::sha256("MZ"))));
        launch.add_argv("secret argument");
        launch.set_working_directory(directory_.path());
        return message;
    }
    static ControlMessage names_message(const std::string& prefix) {
        ControlMessage message;
        message.mutable_info_request()->set_names(true);
        message.mutable_info_request()->set_prefix(prefix);
        return message;
    }
    static ControlMessage report_message() {
        ControlMessage message;
        message.mutable_report()->set_machine("guest");
        message.mutable_report()->set_command("/bin/sh \xff");
        message.mutable_report()->set_code(3);
        return message;
    }
    static ControlMessage signal_message(mzinit::v1::SignalNumber signal) {
        ControlMessage message;
        message.mutable_signal()->set_signal(signal);
        return message;
    }
    void run_until(const std::function<bool()>& condition) {
        uv::Timer guard(loop_.get(), [] { FAIL() << "nothing happened for too long"; });
        guard.start(20s);
        while (!condition() && !HasFatalFailure()) uv_run(loop_.get(), UV_RUN_ONCE);
    }
    void launch() {
        greet();
        receive(launch_message());
        run_until([this] { return launcher_.asked(); });
        launcher_.let_it_start();
    }
    void launch_in_terminal() {
        greet();
        auto message = launch_message();
        message.mutable_launch()->set_terminal_streams(7);
        receive(message);
        receive(resize_message(5, 6));
        run_until([this] { return launcher_.asked(); });
        launcher_.let_it_start_in_terminal(loop_.get(), other_end_);
    }
    static ControlMessage resize_message(std::uint32_t rows, std::uint32_t columns) {
        ControlMessage message;
        message.mutable_resize()->set_rows(rows);
        message.mutable_resize()->set_columns(columns);
        return message;
    }
    void show(std::string_view text) {
        EXPECT_EQ(::write(other_end_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    /// The last CONTROL message that the session has sent.
    ControlMessage last_message() {
        proto::FrameDecoder decoder;
        const auto space = decoder.prepare(wire_.sent.size());
        std::copy(wire_.sent.begin(), wire_.sent.end(), space.begin());
        decoder.commit(wire_.sent.size());
        ControlMessage last;
        for (auto frame = decoder.next(); frame && frame->has_value(); frame = decoder.next()) {
            if ((*frame)->type == proto::FrameType::control) last = proto::parse_control((*frame)->payload).value();
        }
        return last;
    }

    TemporaryDirectory directory_;
    std::array<char, 4096> scratch_{};
    Wire wire_;
    std::vector<LaunchRecord> records_;
    std::vector<ReportRecord> reports_;
    uv::Loop loop_;
    WorkLanes lanes_{loop_.get(), 1, 1};
    interop::UniqueFd other_end_;
    FakeLauncher launcher_;
    SessionServices services_;
    std::shared_ptr<Session> session_;
    std::function<void(Session&)> on_authenticated_ = [](Session&) {};
    bool finished_ = false;
};

TEST_F(SessionTest, GreetsWithoutWaiting) {
    EXPECT_TRUE(last_message().has_greeting());
    EXPECT_FALSE(session_->has_launch());
}

TEST_F(SessionTest, AnswersInfoAndEnds) {
    greet();
    ControlMessage request;
    request.mutable_info_request();
    receive(request);
    const auto info = last_message().info();
    EXPECT_EQ(info.system(), "linux");
    EXPECT_EQ(info.search_path(), "/bin");
    ASSERT_EQ(info.runners_size(), 1);
    EXPECT_TRUE(wire_.shut_down);
    EXPECT_FALSE(finished_);  // it discards input until the client closes
    session_->peer_ended();
    EXPECT_TRUE(finished_);
}

TEST_F(SessionTest, AnswersInfoWithTheNamesThatAreFound) {
    NameListing listing(
        loop_.get(), lanes_.files, [](const auto& found) { found("b.exe") && found("a.exe") && found("other.exe"); },
        20s);
    services_.name_listing = &listing;
    greet();
    receive(names_message(""));
    EXPECT_FALSE(last_message().has_info());
    run_until([this] { return wire_.shut_down; });
    EXPECT_THAT(last_message().info().names(), testing::ElementsAre("a.exe", "b.exe", "other.exe"));
    EXPECT_EQ(last_message().info().search_path(), "/bin");
}

TEST_F(SessionTest, LooksForNoNamesUnlessItIsAsked) {
    NameListing listing(
        loop_.get(), lanes_.files, [](const auto&) { FAIL(); }, 20s);
    services_.name_listing = &listing;
    greet();
    ControlMessage request;
    request.mutable_info_request();
    receive(request);
    EXPECT_EQ(last_message().info().names_size(), 0);
    EXPECT_TRUE(wire_.shut_down);
}

TEST_F(SessionTest, IsNotAskedTwiceWhileItListsNames) {
    NameListing listing(
        loop_.get(), lanes_.files, [](const auto& found) { found("a.exe"); }, 20s);
    services_.name_listing = &listing;
    greet();
    receive(names_message(""));
    receive(names_message(""));
    EXPECT_TRUE(wire_.shut_down);
    bool is_listed = false;
    listing.list("", [&](const auto&) { is_listed = true; });
    run_until([&] { return is_listed; });
    EXPECT_FALSE(last_message().has_info());
}

TEST_F(SessionTest, MayEndWhileItListsNames) {
    NameListing listing(
        loop_.get(), lanes_.files, [](const auto& found) { found("a.exe"); }, 20s);
    services_.name_listing = &listing;
    greet();
    receive(names_message(""));
    session_->peer_ended();
    EXPECT_TRUE(finished_);
    session_.reset();
    const std::string sent = wire_.sent;
    bool is_listed = false;
    listing.list("", [&](const auto&) { is_listed = true; });
    run_until([&] { return is_listed; });
    EXPECT_EQ(wire_.sent, sent);
}

TEST_F(SessionTest, WritesAReportDownBeforeItSaysThatItTookIt) {
    greet();
    receive(report_message());
    ASSERT_EQ(reports_.size(), 1u);
    EXPECT_EQ(reports_[0].peer, "unix uid=5 pid=6");
    EXPECT_EQ(reports_[0].machine, "guest");
    EXPECT_EQ(reports_[0].command, "/bin/sh \xff");
    EXPECT_EQ(reports_[0].result, "exit 3");
    EXPECT_TRUE(last_message().has_report_taken());
    EXPECT_TRUE(wire_.shut_down);
    EXPECT_FALSE(finished_);  // it discards input until the client closes
    session_->peer_ended();
    EXPECT_TRUE(finished_);
    EXPECT_TRUE(records_.empty());
}

TEST_F(SessionTest, RefusesTheReportOfOneWhoMayNotLaunch) {
    services_.launch_policy = LaunchPolicy::parse("deny uid=5\nallow", interop::PathFlavour::posix).value();
    greet();
    receive(report_message());
    EXPECT_EQ(last_message().refused().code(), mzinit::v1::REFUSAL_NOT_AUTHORIZED);
    EXPECT_EQ(last_message().refused().text(), "the agent's policy denies it (line 1)");
    EXPECT_TRUE(wire_.shut_down);
    EXPECT_TRUE(reports_.empty());
}

TEST_F(SessionTest, EndsOnDescriptorsWithAReport) {
    greet();
    PassedDescriptors descriptors;
    descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    receive(report_message(), std::move(descriptors));
    EXPECT_FALSE(last_message().has_report_taken());
    EXPECT_TRUE(wire_.shut_down);
    EXPECT_TRUE(reports_.empty());
}

TEST_F(SessionTest, LetsADetachedProgramGoAsSoonAsItRuns) {
    greet();
    auto message = launch_message();
    message.mutable_launch()->set_detach(true);
    receive(message);
    receive(signal_message(mzinit::v1::SIGNAL_TERM));
    run_until([this] { return launcher_.asked(); });
    EXPECT_TRUE(launcher_.request.detached);
    launcher_.let_it_start_detached();
    EXPECT_EQ(last_message().exit_status().how_case(), mzinit::v1::ExitStatus::kCode);
    EXPECT_EQ(last_message().exit_status().code(), 0u);
    EXPECT_TRUE(wire_.shut_down);
    ASSERT_EQ(records_.size(), 1u);
    EXPECT_EQ(records_[0].process_id, 77u);
    EXPECT_EQ(records_[0].result, "detached");
    session_->peer_ended();
    EXPECT_TRUE(finished_);
    EXPECT_EQ(records_.size(), 1u);
}

TEST_F(SessionTest, ReportsStartAndExit) {
    launch();
    EXPECT_EQ(last_message().launch_reply().process_id(), 77u);
    launcher_.let_it_exit(std::uint32_t{0xC0000005});
    EXPECT_EQ(last_message().exit_status().code(), 0xC0000005u);
    EXPECT_TRUE(wire_.shut_down);
    session_->peer_ended();
    EXPECT_FALSE(launcher_.log.terminated);
}

TEST_F(SessionTest, LogsOneRecordPerLaunchAndNoArguments) {
    launch();
    launcher_.let_it_exit(mzinit::v1::SIGNAL_SEGV);
    session_->peer_ended();
    ASSERT_EQ(records_.size(), 1u);
    EXPECT_EQ(records_[0].peer, "unix uid=5 pid=6");
    EXPECT_EQ(records_[0].program, directory_ / "a.exe");
    EXPECT_EQ(records_[0].process_id, 77u);
    EXPECT_EQ(records_[0].result, "signal 10");
    EXPECT_EQ(format_record(records_[0], LogFormat::json, "T").find("secret"), std::string::npos);
}

TEST_F(SessionTest, TerminatesTheProgramWhenTheClientIsLost) {
    launch();
    session_->peer_ended();
    EXPECT_TRUE(launcher_.log.terminated);
    EXPECT_TRUE(finished_);
    ASSERT_EQ(records_.size(), 1u);
    EXPECT_EQ(records_[0].result, "client lost");
}

TEST_F(SessionTest, IgnoresAProgramThatStartsAfterItsClientWasLost) {
    greet();
    receive(launch_message());
    run_until([this] { return launcher_.asked(); });
    session_->peer_ended();
    session_.reset();
    launcher_.let_it_start();  // the Process is destroyed, which terminates the program
    EXPECT_EQ(records_.size(), 1u);
}

TEST_F(SessionTest, EndsOnAProtocolErrorAndLogsIt) {
    launch();
    receive(launch_message());
    ASSERT_EQ(records_.size(), 1u);
    EXPECT_EQ(records_[0].result, "protocol error");
    EXPECT_TRUE(wire_.shut_down);
    launcher_.let_it_exit(std::uint32_t{0});
    EXPECT_FALSE(last_message().has_exit_status());
}

TEST_F(SessionTest, AnswersARefusedImageWithItsReason) {
    launcher_.refusal_ = LaunchFailure{mzinit::v1::LAUNCH_ERROR_WRONG_MACHINE, 0, "for another processor"};
    greet();
    receive(launch_message());
    run_until([this] { return wire_.shut_down; });
    EXPECT_EQ(last_message().launch_error().code(), mzinit::v1::LAUNCH_ERROR_WRONG_MACHINE);
    EXPECT_FALSE(last_message().launch_error().started());
    EXPECT_EQ(records_.at(0).result, "refused wrong_machine");
}

TEST_F(SessionTest, AnswersAMissingProgram) {
    greet();
    receive(launch_message("none.exe"));
    run_until([this] { return wire_.shut_down; });
    EXPECT_EQ(last_message().launch_error().code(), mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
}

TEST_F(SessionTest, EndsAStartThatTakesTooLongAndSaysWhetherTheProgramMayHaveRun) {
    // Over before or after the file has been looked at, whichever is faster.
    services_.start_limit = 10ms;
    greet();
    receive(launch_message());
    run_until([this] { return wire_.shut_down; });
    EXPECT_EQ(last_message().launch_error().code(), mzinit::v1::LAUNCH_ERROR_HOST_FAILURE);
    EXPECT_EQ(last_message().launch_error().started(), launcher_.asked());
    EXPECT_EQ(records_.at(0).result, "refused host_failure");
    if (launcher_.asked())
        launcher_.let_it_start();  // too late: the Process is destroyed, which terminates the program
    EXPECT_TRUE(last_message().has_launch_error());
}

TEST_F(SessionTest, WaitsForAClientThatIsStoppedWhileItSends) {
    const ProgramStore store(directory_ / "store", 1'000'000);
    open_session_with(store);
    greet(proto::capability::uploads);
    auto message = launch_message("none.exe");
    message.mutable_launch()->set_can_upload(true);
    receive(message);
    run_until([this] { return last_message().has_manifest_request(); });
    const std::string contents(1000, 'x');
    ControlMessage manifest;
    auto& file = *manifest.mutable_manifest()->add_files();
    file.set_name("none.exe");
    file.set_size(contents.size());
    file.set_sha256(std::string(proto::as_bytes(proto::sha256(contents))));
    receive(manifest);
    run_until([this] { return last_message().has_files_wanted(); });

    services_.start_limit = 1ms;  // from the next step on
    std::string bytes;
    proto::append_data(bytes, proto::stream_upload, contents.substr(0, 10));
    ASSERT_TRUE(proto::append_control(bytes, signal_message(mzinit::v1::SIGNAL_TSTP)));
    receive(bytes);
    bool has_waited = false;
    uv::Timer wait(loop_.get(), [&] { has_waited = true; });
    wait.start(50ms);
    run_until([&] { return has_waited; });
    EXPECT_FALSE(last_message().has_launch_error());
    receive(signal_message(mzinit::v1::SIGNAL_CONT));
    run_until([this] { return wire_.shut_down; });
    EXPECT_EQ(last_message().launch_error().text(), "nothing more comes of the program that is to be sent");
    session_.reset();
    uv_run(loop_.get(), UV_RUN_DEFAULT);  // what the store still has to do
}

TEST_F(SessionTest, KeepsNothingForAClientThatIsGoneWhileTheStoreIsBusy) {
    const ProgramStore store(directory_ / "store", 1'000'000);
    open_session_with(store);
    expect_that_nothing_is_kept_in(lanes_.store);
}

TEST_F(SessionTest, KeepsNothingForAClientThatIsGoneWhileADriveHangs) { expect_that_nothing_is_kept_in(lanes_.files); }

TEST_F(SessionTest, StartsNothingForWhomThePreparationTookTooLong) {
    services_.start_limit = 0ms;
    greet();
    receive(launch_message());
    run_until([this] { return wire_.shut_down; });
    EXPECT_FALSE(launcher_.asked());
    EXPECT_FALSE(last_message().launch_error().started());
}

TEST_F(SessionTest, LooksAtNoRequestOfAClientThatIsRefusedWhenItIsKnown) {
    int called = 0;
    on_authenticated_ = [&](Session& session) {
        ++called;
        session.refuse(mzinit::v1::REFUSAL_TOO_MANY_SESSIONS, "full");
    };
    EXPECT_EQ(called, 0);
    greet();
    receive(launch_message());
    EXPECT_EQ(called, 1);
    EXPECT_TRUE(last_message().has_refused());
    EXPECT_TRUE(records_.empty());
}

TEST_F(SessionTest, DeliversSignalsThatCameBeforeTheProgramRan) {
    greet();
    receive(launch_message());
    receive(signal_message(mzinit::v1::SIGNAL_INT));
    run_until([this] { return launcher_.asked(); });
    EXPECT_TRUE(launcher_.log.signals.empty());
    launcher_.let_it_start();
    receive(signal_message(mzinit::v1::SIGNAL_TERM));
    EXPECT_EQ(launcher_.log.signals, (std::vector{mzinit::v1::SIGNAL_INT, mzinit::v1::SIGNAL_TERM}));
}

TEST_F(SessionTest, SaysThatTheProgramHasATerminalAndPassesItsSizeOn) {
    launch_in_terminal();
    EXPECT_EQ(last_message().launch_reply().terminal(), mzinit::v1::TERMINAL_KIND_POSIX);
    EXPECT_EQ(last_message().launch_reply().relayed_streams(), 3u);
    receive(resize_message(7, 8));
    EXPECT_EQ(launcher_.log.sizes, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{5, 6}, {7, 8}}));
}

TEST_F(SessionTest, TellsOfAStopAtOnceWhenAllIsShown) {
    launch_in_terminal();
    launcher_.let_it_stop();
    EXPECT_EQ(last_message().stopped().signal(), mzinit::v1::SIGNAL_TSTP);
}

TEST_F(SessionTest, TellsOfAStopAfterWhatIsStillToBeShown) {
    launch_in_terminal();
    launcher_.log.output_waits = true;
    launcher_.let_it_stop();
    EXPECT_FALSE(last_message().has_stopped());
    launcher_.log.output_waits = false;
    show("restored");
    run_until([this] { return last_message().has_stopped(); });
    EXPECT_LT(wire_.sent.find("restored"), wire_.sent.size() - 8);
}

TEST_F(SessionTest, TellsOfAStopAlthoughTheOutputCannotBeSent) {
    launch_in_terminal();
    launcher_.log.output_waits = true;
    launcher_.let_it_stop();
    run_until([this] { return last_message().has_stopped(); });
}

TEST_F(SessionTest, DoesNotTellOfAStopThatIsOver) {
    launch_in_terminal();
    launcher_.log.output_waits = true;
    launcher_.let_it_stop();
    receive(signal_message(mzinit::v1::SIGNAL_CONT));
    launcher_.log.output_waits = false;
    show("drawn");
    run_until([this] { return wire_.sent.find("drawn") != std::string::npos; });
    EXPECT_FALSE(last_message().has_stopped());
}

TEST_F(SessionTest, HangsUpAtTheEndOfTheInput) {
    launch_in_terminal();
    std::string end(8, '\0');
    end[4] = static_cast<char>(proto::FrameType::data);
    receive(end);
    EXPECT_TRUE(launcher_.log.hung_up);
    launcher_.let_it_exit(mzinit::v1::SIGNAL_HUP);
    EXPECT_EQ(last_message().exit_status().signal(), mzinit::v1::SIGNAL_HUP);
}

TEST_F(SessionTest, EndsOnDescriptorsThatLaunchDoesNotName) {
    greet();
    PassedDescriptors descriptors;
    descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    receive(launch_message(), std::move(descriptors));
    EXPECT_TRUE(wire_.shut_down);
    EXPECT_EQ(records_.at(0).result, "protocol error");
}

TEST_F(SessionTest, EndsOnDescriptorsThatComeAfterLaunch) {
    launch();
    PassedDescriptors descriptors;
    descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    receive(signal_message(mzinit::v1::SIGNAL_INT), std::move(descriptors));
    EXPECT_TRUE(wire_.shut_down);
    EXPECT_TRUE(launcher_.log.signals.empty());
}

TEST_F(SessionTest, EndsWhenTooMuchComesBeforeTheGreeting) {
    const auto header = proto::encode_frame_header(proto::FrameType::data, 0, 200000);
    receive(std::string(header.data(), header.size()) + std::string(5000, 'x'));
    EXPECT_TRUE(wire_.shut_down);
}

TEST_F(SessionTest, RefusesWithTheReasonAndCloses) {
    session_->refuse(mzinit::v1::REFUSAL_SHUTTING_DOWN, "later");
    EXPECT_EQ(last_message().refused().code(), mzinit::v1::REFUSAL_SHUTTING_DOWN);
    EXPECT_TRUE(wire_.shut_down);
    greet();  // is discarded
    EXPECT_TRUE(last_message().has_refused());
}

}  // namespace
}  // namespace hostbridge
