// SPDX-License-Identifier: MIT
#include "hostbridge/process_launcher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>

#include "hostbridge/uv/loop.h"
#include "hostbridge/uv/timer.h"
#include "interop/os/unique_fd.h"
#include "temporary_directory.h"

namespace hostbridge {
namespace {

using namespace std::chrono_literals;
using interop::UniqueFd;

constexpr auto hang_guard = 20s;

/// Until it is gone, no new descriptor gets a number of `count` or above.
class DescriptorLimit {
  public:
    explicit DescriptorLimit(rlim_t count) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit limited{count, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &limited);
    }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

/// Real keepers and real processes; the runner is a shell and the programs are its scripts.
class PosixLauncherTest : public testing::Test {
  protected:
    void SetUp() override {
        ::signal(SIGPIPE, SIG_IGN);
        use_runner("/bin/sh %p");
    }

    void TearDown() override {
        process_.reset();
        launcher_.reset();
    }

    void use_runner(const std::string& command) {
        options_.runners = {{"pe64", command}, {"pe32", ""}, {"dos", ""}, {"batch", ""}};
        launcher_ = make_process_launcher(loop_.get(), options_);
    }

    ProcessRequest request_of(const std::string& script) {
        std::ofstream(directory_ / "script") << script << "\n";
        ProcessRequest request;
        request.program = directory_ / "script";
        request.image.kind = interop::ImageKind::pe;
        request.image.bits = 64;
        request.image.machine = interop::Machine::amd64;
        request.image.subsystem = interop::Subsystem::windows_console;
        request.argv = {"script"};
        request.working_directory = directory_.path();
        return request;
    }

    void run_until(const std::function<bool()>& condition) {
        uv::Timer guard(loop_.get(), [] { FAIL() << "nothing happened for too long"; });
        guard.start(hang_guard);
        uv::Timer look(loop_.get(), [] {});
        look.start(1ms, 1ms);
        while (!condition() && !HasFatalFailure()) uv_run(loop_.get(), UV_RUN_ONCE);
    }

    void start(ProcessRequest request) {
        bool answered = false;
        launcher_->launch(
            std::move(request),
            [&, this](ProcessLauncher::Started outcome) {
                answered = true;
                if (auto* failure = std::get_if<LaunchFailure>(&outcome)) {
                    failure_ = std::move(*failure);
                } else if (auto* detached = std::get_if<DetachedProgram>(&outcome)) {
                    detached_ = detached->id;
                } else {
                    process_ = std::get<std::unique_ptr<Process>>(std::move(outcome));
                    for (std::size_t i = 0; i < 3; ++i) pipes_[i] = std::move(process_->pipes[i]);
                }
            },
            [this](ExitResult result) { exit_ = result; });
        run_until([&] { return answered; });
        for (const std::size_t stream : {1u, 2u}) read_all(stream);
    }

    void read_all(std::size_t stream) {
        if (!pipes_[stream]) return;
        ended_[stream] = false;
        pipes_[stream]->set_reader([this] { return std::span<char>(buffer_); },
                                   [this, stream](const proto::Result<std::size_t>& size) {
                                       if (size && *size > 0) {
                                           output_[stream].append(buffer_.data(), *size);
                                       } else {
                                           ended_[stream] = true;
                                       }
                                   });
        ASSERT_TRUE(pipes_[stream]->read_start());
    }

    void wait_for_exit() {
        run_until([this] { return exit_.has_value(); });
    }
    void wait_for_end() {
        run_until([this] { return exit_ && ended_[1] && ended_[2]; });
    }
    void wait_for_output(const std::string& text) {
        run_until([&] { return output_[1].find(text) != std::string::npos; });
    }

    void run(const std::string& script) {
        start(request_of(script));
        ASSERT_TRUE(process_) << (failure_ ? failure_->text : "");
        wait_for_end();
    }

    void write_stdin(const std::string& text) {
        bool written = false;
        pipes_[0]->write(text, [&](const proto::Result<void>&) { written = true; });
        run_until([&] { return written; });
    }

    static bool is_alive(pid_t process) {
        std::ifstream file("/proc/" + std::to_string(process) + "/stat");
        // Of a process that ends meanwhile nothing can be read, which an iterator of the buffer would throw.
        std::string text;
        std::getline(file, text);
        const auto end = text.rfind(')');
        return end != std::string::npos && text[end + 2] != 'Z' && text[end + 2] != 'X';
    }

    static pid_t parent_of(pid_t process) {
        const std::string text = read_file("/proc/" + std::to_string(process) + "/stat");
        char state = 0;
        pid_t parent = 0;
        std::istringstream(text.substr(text.rfind(')') + 1)) >> state >> parent;
        return parent;
    }

    static std::string read_file(const std::string& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::vector<pid_t> printed_processes() {
        std::vector<pid_t> processes;
        std::istringstream text(output_[1]);
        for (pid_t process = 0; text >> process;) processes.push_back(process);
        return processes;
    }

    static ExitResult code(std::uint32_t value) { return value; }

    TemporaryDirectory directory_;
    uv::Loop loop_;
    LauncherOptions options_;
    std::unique_ptr<ProcessLauncher> launcher_;
    std::unique_ptr<Process> process_;
    std::array<std::unique_ptr<uv::Pipe>, 3> pipes_;
    std::array<std::string, 3> output_;
    std::array<bool, 3> ended_{true, true, true};
    std::array<char, 65536> buffer_{};
    std::optional<std::uint64_t> detached_;
    std::optional<LaunchFailure> failure_;
    std::optional<ExitResult> exit_;
};

TEST_F(PosixLauncherTest, ReportsTheExitCode) {
    run("exit 42");
    EXPECT_EQ(*exit_, code(42));
}

TEST_F(PosixLauncherTest, ReportsTheSignalThatEndedTheProgram) {
    run("kill -SEGV $$");
    EXPECT_EQ(*exit_, ExitResult(mzinit::v1::SIGNAL_SEGV));
}

TEST_F(PosixLauncherTest, KeepsTheStreamsApart) {
    run("echo out; echo err >&2");
    EXPECT_EQ(output_[1], "out\n");
    EXPECT_EQ(output_[2], "err\n");
}

TEST_F(PosixLauncherTest, PassesArgumentsOnUnchanged) {
    auto request = request_of("for a in \"$@\"; do echo \"[$a]\"; done");
    request.argv = {"script", "a b", "", "\"q\"", "%p"};
    start(std::move(request));
    wait_for_end();
    EXPECT_EQ(output_[1], "[a b]\n[]\n[\"q\"]\n[%p]\n");
}

TEST_F(PosixLauncherTest, LaysTheEnvironmentOverItsOwn) {
    ::setenv("HOSTBRIDGE_TEST_GONE", "x", 1);
    ::setenv("HOSTBRIDGE_TEST_KEPT", "kept", 1);
    auto request = request_of("echo ${HOSTBRIDGE_TEST_GONE-unset} $HOSTBRIDGE_TEST_KEPT $NEW $MZINIT_DEPTH");
    request.environment = {{"HOSTBRIDGE_TEST_GONE", ""}, {"NEW", "new"}};
    request.depth = 2;
    use_runner("/bin/sh %p");  // it has taken the environment when it was made
    start(std::move(request));
    wait_for_end();
    EXPECT_EQ(output_[1], "unset kept new 3\n");
}

TEST_F(PosixLauncherTest, StartsInTheWorkingDirectoryByNameOrByDescriptor) {
    run("pwd -P");
    EXPECT_EQ(output_[1], directory_.path() + "\n");
    output_[1].clear();
    exit_.reset();
    const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    auto request = request_of("pwd -P");
    request.passed_working_directory = root.get();
    start(std::move(request));
    wait_for_end();
    EXPECT_EQ(output_[1], "/\n");
}

TEST_F(PosixLauncherTest, SaysWhenTheWorkingDirectoryCannotBeUsed) {
    auto request = request_of("exit 0");
    request.working_directory = directory_ / "none";
    start(std::move(request));
    ASSERT_TRUE(failure_);
    EXPECT_EQ(failure_->code, mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY);
    EXPECT_EQ(failure_->host_code, static_cast<std::uint32_t>(ENOENT));
}

TEST_F(PosixLauncherTest, SaysWhenTheProgramsDescriptorsCannotBeArranged) {
    const DescriptorLimit limit(60);  // enough for us, and less than the keeper's places for them
    start(request_of("exit 0"));
    ASSERT_TRUE(failure_);
    EXPECT_EQ(failure_->code, mzinit::v1::LAUNCH_ERROR_HOST_FAILURE);
    EXPECT_EQ(failure_->host_code, static_cast<std::uint32_t>(EINVAL));
    EXPECT_FALSE(failure_->started);
}

TEST_F(PosixLauncherTest, SaysWhenTheArgumentListIsTooLong) {
    auto request = request_of("exit 0");
    request.argv.resize(40, std::string(120 << 10, 'x'));
    start(std::move(request));
    ASSERT_TRUE(failure_);
    EXPECT_EQ(failure_->code, mzinit::v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG);
}

TEST_F(PosixLauncherTest, SaysWhenTheRunnerIsNotInstalled) {
    use_runner("hostbridge-test-no-such-runner %p");
    start(request_of("exit 0"));
    ASSERT_TRUE(failure_);
    EXPECT_EQ(failure_->code, mzinit::v1::LAUNCH_ERROR_WRONG_MACHINE);
}

TEST_F(PosixLauncherTest, RefusesKindsWithoutARunner) {
    interop::ImageDescription image;
    image.kind = interop::ImageKind::dos;
    EXPECT_TRUE(launcher_->refusal(image));
    EXPECT_FALSE(launcher_->refusal(request_of("").image));
}

TEST_F(PosixLauncherTest, LetsTheProgramUsePassedStreamsAsTheyAre) {
    const std::string path = directory_ / "file";
    const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const int flags_before = ::fcntl(file.get(), F_GETFL);
    auto request = request_of("echo hello; echo error >&2");
    request.passed_streams = {-1, file.get(), -1};
    start(std::move(request));
    EXPECT_FALSE(pipes_[1]);
    EXPECT_TRUE(pipes_[0]);
    wait_for_end();
    EXPECT_EQ(::fcntl(file.get(), F_GETFL), flags_before);
    std::ifstream written(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(written), {}), "hello\n");
    EXPECT_EQ(output_[2], "error\n");
}

TEST_F(PosixLauncherTest, GivesTheProgramNoDescriptorButItsStreams) {
    const UniqueFd not_inherited(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    run("cd /proc/self/fd && echo *");
    // The shell itself opens one to read its script, and one to list the directory.
    std::istringstream text(output_[1]);
    int count = 0;
    for (std::string each; text >> each;) ++count;
    EXPECT_LE(count, 5) << output_[1];
}

TEST_F(PosixLauncherTest, GivesTheProgramOrdinarySignals) {
    run("grep -E 'Sig(Blk|Ign)' /proc/self/status");
    EXPECT_EQ(output_[1], "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(PosixLauncherTest, PutsTheProgramIntoAGroupOfItsOwn) {
    run("read pid comm state ppid pgrp session rest < /proc/self/stat; echo $$ $pgrp $session");
    const auto numbers = printed_processes();
    ASSERT_EQ(numbers.size(), 3u);
    EXPECT_EQ(numbers[0], numbers[1]);
    EXPECT_NE(numbers[2], ::getsid(0));
}

TEST_F(PosixLauncherTest, DeliversSignalsToTheProgramsGroup) {
    start(request_of("trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.01; done"));
    wait_for_output("ready");
    process_->deliver(mzinit::v1::SIGNAL_INT);
    wait_for_end();
    EXPECT_NE(output_[1].find("caught"), std::string::npos);
    EXPECT_EQ(*exit_, code(9));
}

TEST_F(PosixLauncherTest, StopsAndContinuesTheProgram) {
    // One process: a shell in the middle of its vfork would not show up as stopped.
    start(request_of("echo $$; exec sleep 1000"));
    wait_for_output("\n");
    const pid_t program = printed_processes().at(0);
    const auto state = [&] {
        std::ifstream file("/proc/" + std::to_string(program) + "/stat");
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        return text.at(text.rfind(')') + 2);
    };
    process_->deliver(mzinit::v1::SIGNAL_TSTP);
    run_until([&] { return state() == 'T'; });
    process_->deliver(mzinit::v1::SIGNAL_CONT);
    run_until([&] { return state() != 'T'; });
    process_->terminate_tree();
    wait_for_exit();
    EXPECT_EQ(*exit_, ExitResult(mzinit::v1::SIGNAL_KILL));
}

// A child, one that left the session, one whose parent has ended, and the program itself, which ignores what it can.
constexpr auto tree_script =
    "trap '' INT TERM HUP\n"
    "sleep 1000 & echo $!\n"
    "setsid sh -c 'echo $$; exec sleep 1000' &\n"
    "sh -c 'setsid sh -c \"echo \\$\\$; sleep 1000; :\" &'\n"
    "echo $$\n"
    "sleep 0.2; echo complete >&2; while :; do sleep 1000; done";

TEST_F(PosixLauncherTest, TerminatesEveryDescendant) {
    start(request_of(tree_script));
    run_until([this] { return output_[2] == "complete\n"; });
    const auto processes = printed_processes();
    ASSERT_EQ(processes.size(), 4u);
    for (const pid_t process : processes) ASSERT_TRUE(is_alive(process));
    process_->terminate_tree();
    wait_for_end();
    for (const pid_t process : processes) EXPECT_FALSE(is_alive(process));
    EXPECT_EQ(*exit_, ExitResult(mzinit::v1::SIGNAL_KILL));
}

TEST_F(PosixLauncherTest, TerminatesEveryDescendantWhenTheProcessIsDestroyed) {
    start(request_of(tree_script));
    run_until([this] { return output_[2] == "complete\n"; });
    const auto processes = printed_processes();
    process_.reset();
    run_until([&] { return std::ranges::none_of(processes, is_alive); });
    EXPECT_FALSE(exit_);
}

TEST_F(PosixLauncherTest, TerminatesEveryDescendantWhenTheAgentIsGone) {
    start(request_of(tree_script));
    run_until([this] { return output_[2] == "complete\n"; });
    const auto processes = printed_processes();
    launcher_.reset();  // closes the keeper's socket, as the end of the agent does
    run_until([&] { return std::ranges::none_of(processes, is_alive); });
}

TEST_F(PosixLauncherTest, LeavesAloneWhatAProgramThatEndedNormallyLeftRunning) {
    start(request_of("setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $!"));
    wait_for_end();
    const auto processes = printed_processes();
    ASSERT_EQ(processes.size(), 1u);
    process_->terminate_tree();
    process_.reset();
    launcher_.reset();
    EXPECT_TRUE(is_alive(processes[0]));
    ::kill(processes[0], SIGKILL);
}

TEST_F(PosixLauncherTest, ReportsTheExitWhileADescendantHoldsTheOutput) {
    start(request_of("sleep 1000 & echo $!; exit 3"));
    wait_for_exit();
    EXPECT_EQ(*exit_, code(3));
    EXPECT_FALSE(ended_[1]);
    wait_for_output("\n");
    ::kill(printed_processes().at(0), SIGKILL);
}

TEST_F(PosixLauncherTest, SaysHowMuchInputTheProgramHasNotRead) {
    start(request_of("read line; echo $line; exec sleep 1000"));
    write_stdin("first\nsecond\n");
    wait_for_output("first");
    EXPECT_EQ(process_->unread_stdin(), 7u);
    process_->stdin_ending();
    pipes_[0].reset();
    EXPECT_EQ(process_->unread_stdin(), 7u);
}

TEST_F(PosixLauncherTest, TakesNoInputForReadThatItCannotSeeAnyMore) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizer looks at objects through a pipe, and there are no descriptors left for one";
#endif
    start(request_of("read line; echo $line; exec sleep 1000"));
    write_stdin("first\nsecond\n");
    wait_for_output("first");
    {
        const DescriptorLimit limit(0);
        process_->stdin_ending();
    }
    pipes_[0].reset();
    EXPECT_EQ(process_->unread_stdin(), 7u);
}

TEST_F(PosixLauncherTest, CountsUnreadInputAfterTheExit) {
    start(request_of("read line; exit 0"));
    write_stdin("first\nsecond\n");
    wait_for_exit();
    std::optional<std::uint64_t> unread;
    process_->count_unread_stdin_after_exit(100, [&](std::uint64_t count) { unread = count; });
    run_until([&] { return unread.has_value(); });
    EXPECT_EQ(*unread, 107u);
}

TEST_F(PosixLauncherTest, EndsTheProgramsInput) {
    start(request_of("cat; echo end"));
    write_stdin("text");
    process_->stdin_ending();
    pipes_[0].reset();
    wait_for_end();
    EXPECT_EQ(output_[1], "textend\n");
}

TEST_F(PosixLauncherTest, LetsADetachedProgramGoInASessionOfItsOwnOnTheNullDevice) {
    const auto shown = directory_ / "shown";
    const auto left = directory_ / "left";
    ASSERT_EQ(::mkfifo(left.c_str(), 0600), 0);
    auto request = request_of("(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; cut -d' ' -f1,6 /proc/$$/stat) > " +
                              shown + "\nread line < " + left + "\necho $line > " + shown + ".end");
    request.detached = true;
    start(std::move(request));
    ASSERT_TRUE(detached_);
    ASSERT_FALSE(process_);
    launcher_.reset();  // the agent ends
    std::ofstream(left) << "lives" << std::endl;
    run_until([&] { return read_file(shown + ".end") == "lives\n"; });
    const std::string id = std::to_string(*detached_);
    std::istringstream words(read_file(shown));
    std::vector<std::string> seen{std::istream_iterator<std::string>(words), {}};
    EXPECT_EQ(seen, (std::vector<std::string>{"/dev/null", "/dev/null", "/dev/null", id, id}));
    EXPECT_FALSE(exit_);
}

TEST_F(PosixLauncherTest, SaysWhyADetachedProgramCouldNotBeStarted) {
    auto request = request_of("exit 0");
    request.detached = true;
    request.working_directory = "/nonexistent";
    start(std::move(request));
    ASSERT_TRUE(failure_);
    EXPECT_EQ(failure_->code, mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY);
}

TEST_F(PosixLauncherTest, SurvivesTheDeathOfAKeeper) {
    start(request_of("echo $PPID; exec sleep 1000"));
    wait_for_output("\n");
    ::kill(printed_processes().at(0), SIGKILL);
    wait_for_exit();
    EXPECT_EQ(*exit_, ExitResult(mzinit::v1::SIGNAL_KILL));
    ::kill(static_cast<pid_t>(process_->id()), SIGKILL);
}

ProcessRequest with_terminal(ProcessRequest request) {
    request.terminal = TerminalRequest{.rows = 31, .columns = 97, .name = "vt100", .includes_stderr = true};
    return request;
}

TEST_F(PosixLauncherTest, ReportsTheExitOfAProgramThatASignalCameTooLateFor) {
    start(request_of("read line; exit 3"));
    ASSERT_TRUE(process_);
    const auto program = static_cast<pid_t>(process_->id());
    const pid_t keeper = parent_of(program);
    ::kill(keeper, SIGSTOP);
    write_stdin("end\n");
    run_until([&] { return !is_alive(program); });
    process_->deliver(mzinit::v1::SIGNAL_TERM);
    ::kill(keeper, SIGCONT);
    wait_for_exit();
    EXPECT_EQ(*exit_, code(3));
}

TEST_F(PosixLauncherTest, GivesTheProgramATerminal) {
    start(with_terminal(request_of("stty size; tty; tty <&2; echo $TERM")));
    EXPECT_EQ(process_->terminal(), mzinit::v1::TERMINAL_KIND_POSIX);
    EXPECT_FALSE(pipes_[2]);
    wait_for_end();
    std::istringstream lines(output_[1]);
    std::array<std::string, 4> line;
    for (auto& each : line) std::getline(lines, each);
    EXPECT_EQ(line[0], "31 97\r");
    EXPECT_TRUE(line[1].starts_with("/dev/pts/")) << line[1];
    EXPECT_EQ(line[1], line[2]);
    EXPECT_EQ(line[3], "vt100\r");
}

TEST_F(PosixLauncherTest, GivesAProgramOutputOnATerminalThatIsNotLostAtItsEnd) {
    for (int i = 0; i < 10; ++i) {
        output_[1].clear();
        exit_.reset();
        start(with_terminal(request_of("stty raw; head -c 200000 /dev/zero")));
        wait_for_end();
        EXPECT_EQ(output_[1].size(), 200'000u);
    }
}

TEST_F(PosixLauncherTest, TellsOfAStopWhenAllDescendantsAreStopped) {
    start(with_terminal(request_of("setsid sh -c 'echo $$; exec sleep 1000' & echo $$; wait")));
    run_until([this] { return printed_processes().size() == 2; });
    const auto processes = printed_processes();
    std::optional<mzinit::v1::SignalNumber> stopped_by;
    process_->on_stopped = [&](mzinit::v1::SignalNumber signal) { stopped_by = signal; };
    const auto is_stopped = [](pid_t process) {
        std::ifstream file("/proc/" + std::to_string(process) + "/stat");
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        return text.at(text.rfind(')') + 2) == 'T';
    };
    pipes_[0]->write("\x1a", {});
    run_until([&] { return stopped_by.has_value(); });
    EXPECT_EQ(stopped_by, mzinit::v1::SIGNAL_TSTP);
    EXPECT_TRUE(std::ranges::all_of(processes, is_stopped));
    process_->deliver(mzinit::v1::SIGNAL_CONT);
    run_until([&] { return std::ranges::none_of(processes, is_stopped); });
    process_->terminate_tree();
    wait_for_exit();
}

TEST_F(PosixLauncherTest, HangsTheTerminalUp) {
    start(with_terminal(request_of("trap 'exit 4' HUP; echo ready; read line; exit 5")));
    wait_for_output("ready");
    pipes_[0].reset();
    pipes_[1].reset();
    process_->hang_up();
    wait_for_exit();
    EXPECT_EQ(*exit_, code(4));
}

TEST_F(PosixLauncherTest, ReportsTheSignalWhoseGracePeriodEnded) {
    options_.grace = 0ms;
    use_runner("/bin/sh %p");
    start(request_of("trap '' TERM; echo ready; while :; do sleep 1000; done"));
    wait_for_output("ready");
    process_->deliver(mzinit::v1::SIGNAL_TERM);
    wait_for_exit();
    EXPECT_EQ(*exit_, ExitResult(mzinit::v1::SIGNAL_TERM));
}

TEST_F(PosixLauncherTest, LeavesNeitherZombiesNorDescriptors) {
    const auto descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                             std::filesystem::directory_iterator());
    };
    run("exit 0");
    process_.reset();
    for (auto& pipe : pipes_) pipe.reset();
    const auto before = descriptors();
    for (int i = 0; i < 20; ++i) {
        exit_.reset();
        run("exit 0");
        process_.reset();
        for (auto& pipe : pipes_) pipe.reset();
        // The keeper ends a moment after its report.
        run_until([] { return ::waitpid(-1, nullptr, WNOHANG | WNOWAIT) < 0; });
    }
    run_until([&] { return descriptors() <= before; });
}

}  // namespace
}  // namespace hostbridge
