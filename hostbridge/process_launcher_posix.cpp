// SPDX-License-Identifier: MIT
#include "hostbridge/process_launcher.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>

#include "hostbridge/descriptor_limit_posix.h"
#include "hostbridge/dos_runner_posix.h"
#include "hostbridge/keeper_link_posix.h"
#include "hostbridge/pseudo_terminal_posix.h"
#include "hostbridge/running_program_posix.h"
#include "hostbridge/signal_numbers_posix.h"
#include "hostbridge/uv/work.h"
#include "hostbridge/wine_host_posix.h"
#include "interop/os/unique_fd.h"
#include "interop/route/runner_dosbox_directory.h"
#include "proto/base/log.h"

extern char** environ;

namespace hostbridge {
namespace {

using interop::UniqueFd;
using Started = ProcessLauncher::Started;

LaunchFailure failure_of_errno(int number, std::string_view doing) {
    const std::string text = std::string(doing) + ": " + proto::errno_error(number, "").code.message();
    switch (number) {
        case E2BIG: return {mzinit::v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG, E2BIG, "argument list too long"};
        case EACCES:
        case EPERM: return {mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED, static_cast<std::uint32_t>(number), text};
        case ENOEXEC: return {mzinit::v1::LAUNCH_ERROR_BAD_FORMAT, ENOEXEC, text};
        default: return {mzinit::v1::LAUNCH_ERROR_HOST_FAILURE, static_cast<std::uint32_t>(number), text};
    }
}

LaunchFailure failure_of(const KeeperReport& report, const std::string& runner) {
    const auto number = static_cast<int>(report.value);
    if (report.kind == KeeperReport::no_working_directory) {
        return {mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY, report.value,
                "its working directory cannot be used: " + proto::errno_error(number, "").code.message()};
    }
    return failure_of_errno(number,
                            report.kind == KeeperReport::no_process ? "no process could be made" : "execute " + runner);
}

// One launch from the call to the program's end, kept alive by the callbacks that wait for its next step.
struct Launch {
    ProcessRequest request;
    LaunchPlan plan;
    std::array<UniqueFd, 3> streams;  // the program's ends
    UniqueFd working_directory;
    UniqueFd terminal;  // the master of the program's terminal, if it gets one
    std::array<std::unique_ptr<uv::Pipe>, 3> pipes;
    std::function<void(Started)> started;
    std::function<void(ExitResult)> exited;
    RunningProgram* process = nullptr;  // owned by the session; null before the start and after its end
    bool exit_reported = false;

    void fail(LaunchFailure failure) { std::exchange(started, nullptr)(std::move(failure)); }
};

UniqueFd duplicate(int fd) { return UniqueFd(fd < 0 ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

class PosixLauncher final : public ProcessLauncher {
  public:
    PosixLauncher(uv_loop_t* loop, interop::RunnerTable runners, interop::WineInstallation wine,
                  const LauncherOptions& options)
        : loop_(loop),
          runners_(std::move(runners)),
          exit_object_(options.exit_object),
          grace_(options.grace),
          own_environment_(environ),
          wine_(std::move(wine)),
          wine_host_(loop),
          null_device_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {
        prepare_wine();
    }

    ~PosixLauncher() override {
        // Closing their sockets makes the keepers terminate what they keep.
        for (auto& [link, running] : running_) {
            if (running.launch->process != nullptr) running.launch->process->note_keeper_gone();
        }
    }

    void launch(ProcessRequest request, std::function<void(Started)> started,
                std::function<void(ExitResult)> exited) override {
        auto launch = std::make_shared<Launch>();
        launch->started = std::move(started);
        launch->exited = std::move(exited);
        auto plan = plan_launch(request, runners_, own_environment_);
        if (auto* failure = std::get_if<LaunchFailure>(&plan)) return launch->fail(std::move(*failure));
        launch->plan = std::get<LaunchPlan>(std::move(plan));
        // Borrowed for this call only, and it may return before they are used.
        for (std::size_t i = 0; i < 3; ++i) launch->streams[i] = duplicate(request.passed_streams[i]);
        if (launch->plan.uses_passed_directory) launch->working_directory = duplicate(request.passed_working_directory);
        launch->request = std::move(request);
        if (!launch->plan.uses_wine) return start(launch);
        wine_host_.ensure(launch->plan.path, launch->plan.environment,
                          [this, launch](const proto::Result<void>& ready) {
                              if (ready) return start(launch);
                              const std::error_code& code = ready.error().code;
                              const int number = code.category() == std::generic_category() ? code.value() : 0;
                              launch->fail({mzinit::v1::LAUNCH_ERROR_HOST_FAILURE, static_cast<std::uint32_t>(number),
                                            ready.error().message()});
                          });
    }

    [[nodiscard]] std::optional<LaunchFailure> refusal(const interop::ImageDescription& image) const override {
        auto refused = interop::runner_refusal(image, runners_, wine_);
        if (!refused) return std::nullopt;
        const bool machine = refused->reason == interop::RunnerRefusal::Reason::wrong_machine;
        return LaunchFailure{machine ? mzinit::v1::LAUNCH_ERROR_WRONG_MACHINE : mzinit::v1::LAUNCH_ERROR_BAD_FORMAT, 0,
                             std::move(refused->text)};
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> runners() const override {
        return available_runners(runners_, wine_, own_environment_.get("PATH").value_or(""));
    }

  private:
    struct Running {
        std::unique_ptr<KeeperLink> link;
        std::shared_ptr<Launch> launch;
    };

    void prepare_wine();
    void start(const std::shared_ptr<Launch>& launch);
    proto::Result<void> make_terminal(Launch& launch);
    proto::Result<void> make_pipe(Launch& launch, std::size_t stream);
    proto::Result<void> fork_keeper(const std::shared_ptr<Launch>& launch);
    void on_report(const std::shared_ptr<Launch>& launch, KeeperLink& link, const KeeperReport& report);
    void hand_over(const std::shared_ptr<Launch>& launch, KeeperLink& link, std::uint64_t process_id);
    void on_gone(const std::shared_ptr<Launch>& launch, KeeperLink& link);

    uv_loop_t* loop_;
    interop::RunnerTable runners_;
    std::string exit_object_;
    std::chrono::milliseconds grace_;
    Environment own_environment_;
    interop::WineInstallation wine_;
    WineHost wine_host_;
    UniqueFd null_device_;
    std::unordered_map<KeeperLink*, Running> running_;
};

// So that the first launch finds everything running: a new prefix takes many seconds.
void PosixLauncher::prepare_wine() {
    for (const auto& [kind, command] : runners_.commands()) {
        // Not for programs that are refused anyway.
        if (kind == "pe32" ? !wine_.runs_32_bit : !wine_.runs_64_bit && !wine_.runs_32_bit) continue;
        const auto words = interop::expand_command(command, {});
        if (!words || !interop::is_wine(words->front())) continue;
        const auto wine = find_executable(words->front(), own_environment_.get("PATH").value_or(""));
        if (!wine) continue;
        Environment environment = own_environment_;
        for (const auto& [name, value] : interop::wine_environment(environment.lookup()))
            environment.overlay(name, value);
        wine_host_.ensure(*wine, environment, [](const proto::Result<void>& ready) {
            if (!ready) proto::warn(ready.error().message());
        });
        return;
    }
}

proto::Result<void> PosixLauncher::make_terminal(Launch& launch) {
    const TerminalRequest& wanted = *launch.request.terminal;
    auto made = open_pseudo_terminal(wanted.rows, wanted.columns);
    if (!made) return made.error();
    for (const std::size_t stream : {0u, 1u}) {
        auto pipe = uv::Pipe::open_terminal(loop_, duplicate(made->master.get()).release());
        if (!pipe) return pipe.error();
        launch.pipes[stream] = std::move(*pipe);
    }
    launch.streams[0] = duplicate(made->slave.get());
    if (wanted.includes_stderr) launch.streams[2] = duplicate(made->slave.get());
    launch.streams[1] = std::move(made->slave);
    launch.terminal = std::move(made->master);
    return {};
}

proto::Result<void> PosixLauncher::make_pipe(Launch& launch, std::size_t stream) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) return proto::errno_error(errno, "make a pipe");
    const bool is_input = stream == 0;
    launch.streams[stream] = UniqueFd(ends[is_input ? 0 : 1]);
    auto pipe = uv::Pipe::open(loop_, ends[is_input ? 1 : 0]);
    if (!pipe) return pipe.error();
    launch.pipes[stream] = std::move(*pipe);
    return {};
}

void PosixLauncher::start(const std::shared_ptr<Launch>& launch) {
    proto::Result<void> ready;
    if (launch->request.terminal) ready = make_terminal(*launch);
    if (launch->request.detached) {
        for (auto& stream : launch->streams) stream = duplicate(null_device_.get());
    }
    for (std::size_t stream = 0; stream < 3 && ready; ++stream) {
        if (!launch->streams[stream]) ready = make_pipe(*launch, stream);
    }
    if (ready) ready = fork_keeper(launch);
    // The keeper has copies; ours would keep the pipes from ending.
    for (auto& stream : launch->streams) stream.reset();
    launch->working_directory.reset();
    if (!ready) launch->fail(failure_of_errno(ready.error().code.value(), ready.error().doing));
}

proto::Result<void> PosixLauncher::fork_keeper(const std::shared_ptr<Launch>& launch) {
    LaunchPlan& plan = launch->plan;
    UniqueFd exit_report;
    std::array<char, exit_report_variable_size> exit_variable{};
    if (plan.uses_wine && !exit_object_.empty() && !launch->request.detached) {
        exit_report = UniqueFd(::memfd_create("exit report", MFD_CLOEXEC));
        const auto preloaded = plan.environment.get("LD_PRELOAD");
        plan.environment.overlay("LD_PRELOAD", preloaded ? exit_object_ + ":" + *preloaded : exit_object_);
    }
    std::vector<char*> argv;
    for (auto& word : plan.argv) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<char*> envp;
    for (const auto& variable : plan.environment.variables()) envp.push_back(const_cast<char*>(variable.c_str()));
    if (exit_report) envp.push_back(exit_variable.data());
    envp.push_back(nullptr);

    KeeperOrder order;
    order.path = plan.path.c_str();
    order.argv = argv.data();
    order.envp = envp.data();
    for (std::size_t i = 0; i < 3; ++i) order.streams[i] = launch->streams[i].get();
    order.terminal = launch->terminal.get();
    order.working_directory_fd = launch->working_directory.get();
    order.working_directory = plan.working_directory.c_str();
    order.null_device = null_device_.get();
    order.exit_report = exit_report.get();
    order.is_wine = plan.uses_wine;
    order.is_detached = launch->request.detached;
    order.exit_report_variable = exit_variable.data();
    order.descriptor_limit = original_descriptor_limit();
    auto link = KeeperLink::start(loop_, order, {}, [this, launch](KeeperLink& gone) { on_gone(launch, gone); });
    if (!link) return link.error();
    KeeperLink* raw = link->get();
    raw->set_on_report([this, launch, raw](const KeeperReport& report) { on_report(launch, *raw, report); });
    running_.emplace(raw, Running{std::move(*link), launch});
    return {};
}

void PosixLauncher::on_report(const std::shared_ptr<Launch>& launch, KeeperLink& link, const KeeperReport& report) {
    switch (report.kind) {
        case KeeperReport::started: return hand_over(launch, link, report.value);
        case KeeperReport::stopped:
            if (launch->process == nullptr || !launch->process->on_stopped) return;
            return launch->process->on_stopped(protocol_signal(static_cast<int>(report.value)));
        case KeeperReport::exited:
        case KeeperReport::killed:
            launch->exit_reported = true;
            if (launch->process == nullptr) return link.release();
            return launch->exited(report.kind == KeeperReport::exited
                                      ? launch->process->note_exit(report.value)
                                      : launch->process->note_death(protocol_signal(static_cast<int>(report.value))));
        default: return launch->fail(failure_of(report, launch->plan.path));
    }
}

void PosixLauncher::hand_over(const std::shared_ptr<Launch>& launch, KeeperLink& link, std::uint64_t process_id) {
    if (launch->request.detached) return std::exchange(launch->started, nullptr)(DetachedProgram{process_id});
    auto process = std::make_unique<RunningProgram>(
        loop_, link,
        RunningProgram::Parts{.id = process_id,
                              .terminal = std::move(launch->terminal),
                              .by_wine = launch->plan.uses_wine,
                              .grace = grace_,
                              .on_destroyed = [launch] { launch->process = nullptr; }});
    launch->process = process.get();
    if (launch->pipes[0]) process->set_stdin(launch->pipes[0]->native());
    process->pipes = std::move(launch->pipes);
    std::exchange(launch->started, nullptr)(Started(std::move(process)));
}

void PosixLauncher::on_gone(const std::shared_ptr<Launch>& launch, KeeperLink& link) {
    // A keeper that was itself killed has reported nothing: its program may run, and is out of reach.
    if (launch->started) {
        launch->fail({mzinit::v1::LAUNCH_ERROR_HOST_FAILURE, 0, "its keeper was killed", true});
    } else if (launch->process != nullptr) {
        launch->process->note_keeper_gone();
        if (!launch->exit_reported) launch->exited(mzinit::v1::SIGNAL_KILL);
    }
    if (launch->request.image.kind == interop::ImageKind::dos) {
        uv::queue_work(loop_, interop::remove_abandoned_dosbox_directories, [] {});
    }
    running_.erase(&link);
}

}  // namespace

std::unique_ptr<ProcessLauncher> make_process_launcher(uv_loop_t* loop, const LauncherOptions& options) {
    const Environment environment(environ);
    const std::string search_path = environment.get("PATH").value_or("");
    auto wine =
        interop::find_wine([](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }, search_path);
    auto runners = interop::RunnerTable::with_defaults(wine, find_executable("mono", search_path).has_value());
    set_dos_runner(runners, search_path);
    for (const auto& [kind, command] : options.runners) {
        if (auto set = runners.set(kind + "=" + command); !set) proto::warn(set.error().message());
    }
    return std::make_unique<PosixLauncher>(loop, std::move(runners), std::move(wine), options);
}

}  // namespace hostbridge
