// SPDX-License-Identifier: MIT
#include "hostbridge/process_launcher.h"

#include "hostbridge/final_path_win.h"
#include "hostbridge/host_machine_win.h"
#include "hostbridge/named_pipe_win.h"
#include "hostbridge/running_program_win.h"
#include "hostbridge/user_environment_win.h"
#include "hostbridge/uv/work.h"
#include "hostbridge/windows_error_win.h"
#include "hostbridge/windows_text_win.h"
#include "interop/text/command_line.h"
#include "interop/text/environment.h"

namespace hostbridge {
namespace {

namespace v1 = mzinit::v1;

/// CreateProcessW takes no longer working directory, whatever the system's setting for long paths.
constexpr std::size_t longest_working_directory = MAX_PATH - 2;

/// Everything about one launch while it is on its way between the loop and the work queue.
struct Launch {
    ProcessRequest request;
    std::array<std::unique_ptr<uv::Pipe>, 3> ours;
    std::array<UniqueHandle, 3> childs;
    std::optional<Job> job;
    ProgramKind kind = ProgramKind::console;
    ChildProcess child;
    std::optional<LaunchFailure> failure;
    std::function<void(ProcessLauncher::Started)> started;
    std::function<void(ExitResult)> exited;
};

LaunchFailure host_failure(const proto::Error& error) {
    return {v1::LAUNCH_ERROR_HOST_FAILURE, static_cast<std::uint32_t>(error.code.value()), error.message()};
}

LaunchFailure argument_failure(const proto::Error& error) {
    if (error.code == make_error_code(interop::CommandLineFault::too_long)) {
        return {v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG, ERROR_FILENAME_EXCED_RANGE, error.message()};
    }
    return {v1::LAUNCH_ERROR_ARGUMENT_REFUSED, 0, error.message()};
}

/// What only the name and the content together tell.
std::optional<LaunchFailure> name_refusal(const interop::ImageDescription& image, bool is_batch) {
    const bool has_program_header = image.kind != interop::ImageKind::not_mz;
    if (is_batch && has_program_header) {
        return LaunchFailure{v1::LAUNCH_ERROR_BAD_FORMAT, ERROR_BAD_EXE_FORMAT,
                             interop::describe(image) + ", with a name that makes Windows run it as a batch file"};
    }
    if (!is_batch && !has_program_header) return launch_failure(ERROR_BAD_EXE_FORMAT);
    return std::nullopt;
}

/// `batch_file` is empty for programs.
proto::Result<std::u16string> command_line_of(const ProcessRequest& request, const std::string& batch_file) {
    std::vector<std::string> argv = request.argv;
    if (argv.empty()) argv.push_back(request.program.substr(request.program.find_last_of("\\/") + 1));
    if (!batch_file.empty()) {
        if (!request.raw_command_tail) return interop::build_batch_command_line(batch_file, argv);
        return proto::Error{make_error_code(interop::CommandLineFault::unsafe_for_cmd), "raw arguments"};
    }
    if (request.raw_command_tail) return interop::build_raw_command_line(argv[0], *request.raw_command_tail);
    return interop::build_command_line(argv);
}

std::wstring command_interpreter() {
    std::wstring directory(MAX_PATH, L'\0');
    directory.resize(GetSystemDirectoryW(directory.data(), MAX_PATH));
    return directory + L"\\cmd.exe";
}

/// The parts of `command` that are text; why there are none otherwise.
std::optional<LaunchFailure> fill_in_texts(const ProcessRequest& request, ChildCommand& command) {
    // By both names: Windows goes by the one it is given, and what is run is the other.
    std::string batch_file;
    for (const std::string& name : {final_path(request.program), request.program}) {
        if (interop::is_batch_file(name)) batch_file = name;
    }
    const bool is_batch = !batch_file.empty();
    if (auto refused = name_refusal(request.image, is_batch)) return refused;
    const auto line = command_line_of(request, batch_file);
    if (!line) return argument_failure(line.error());
    auto environment = interop::merge_windows_environment(user_environment_block(), request.environment);
    if (!environment) return argument_failure(environment.error());
    const auto application = is_batch ? command_interpreter() : to_wide(request.program);
    if (!application) return launch_failure(ERROR_FILE_NOT_FOUND);
    const auto directory = to_wide(request.working_directory);
    if (!directory || directory->size() > longest_working_directory) return launch_failure(ERROR_DIRECTORY);
    command.application = *application;
    command.command_line = to_wide(std::u16string_view(*line));
    command.environment = std::move(*environment);
    command.working_directory = *directory;
    return std::nullopt;
}

/// On the work queue.
void start_child(Launch& launch) {
    ChildCommand command;
    launch.failure = fill_in_texts(launch.request, command);
    if (launch.failure) return;
    command.streams = {launch.childs[0].get(), launch.childs[1].get(), launch.childs[2].get()};
    command.job = launch.job->get();
    command.console = launch.kind == ProgramKind::gui ? ChildConsole::none : ChildConsole::hidden;
    if (const DWORD error = create_child(command, launch.child); error != ERROR_SUCCESS) {
        launch.failure = launch_failure(error);
    }
}

/// Makes the pipes and the job, so that nothing can fail once the program runs.
proto::Result<void> prepare(uv_loop_t* loop, Launch& launch) {
    for (std::size_t stream = 0; stream < launch.ours.size(); ++stream) {
        auto pipe = make_child_pipe(stream == 0 ? PipeDirection::to_child : PipeDirection::from_child);
        if (!pipe) return pipe.error();
        auto ours = uv::Pipe::open(loop, pipe->ours.release());
        if (!ours) return ours.error();
        launch.ours[stream] = std::move(*ours);
        launch.childs[stream] = std::move(pipe->childs);
    }
    auto job = Job::make(launch.kind == ProgramKind::gui ? OnJobClose::let_live : OnJobClose::kill);
    if (!job) return job.error();
    launch.job = std::move(*job);
    return {};
}

/// A handle that only looks into the pipe, and is not inheritable.
UniqueHandle duplicate_for_peeking(HANDLE read_end) {
    HANDLE copy = nullptr;
    DuplicateHandle(GetCurrentProcess(), read_end, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    return UniqueHandle(copy);
}

/// On the loop, when start_child() is done.
void report_start(uv_loop_t* loop, Launch& launch) {
    if (launch.failure) return launch.started(std::move(*launch.failure));
    RunningProgram::Parts parts{std::move(launch.child), std::move(*launch.job),
                                duplicate_for_peeking(launch.childs[0].get()), launch.kind};
    // While we hold these, the streams of the child do not end.
    launch.childs = {};
    auto program = RunningProgram::watch(loop, std::move(parts), std::move(launch.exited));
    if (!program) {
        LaunchFailure unwatched = host_failure(program.error());
        unwatched.started = true;  // until watch() ended it
        return launch.started(std::move(unwatched));
    }
    (*program)->pipes = std::move(launch.ours);
    launch.started(std::unique_ptr<Process>(std::move(*program)));
}

class WindowsLauncher final : public ProcessLauncher {
  public:
    explicit WindowsLauncher(uv_loop_t* loop) : loop_(loop), machine_(HostMachine::detect()) {}

    void launch(ProcessRequest request, std::function<void(Started)> started,
                std::function<void(ExitResult)> exited) override {
        if (auto refused = refusal(request.image)) return started(std::move(*refused));
        const auto launch = std::make_shared<Launch>();
        launch->kind =
            request.image.kind == interop::ImageKind::pe && request.image.subsystem == interop::Subsystem::windows_gui
                ? ProgramKind::gui
                : ProgramKind::console;
        launch->request = std::move(request);
        launch->started = std::move(started);
        launch->exited = std::move(exited);
        if (const auto prepared = prepare(loop_, *launch); !prepared)
            return launch->started(host_failure(prepared.error()));
        uv::queue_work(
            loop_, [launch] { start_child(*launch); }, [launch, loop = loop_] { report_start(loop, *launch); });
    }

    [[nodiscard]] std::optional<LaunchFailure> refusal(const interop::ImageDescription& image) const override {
        return machine_.refusal(image);
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> runners() const override { return {}; }

  private:
    uv_loop_t* loop_;
    HostMachine machine_;
};

}  // namespace

std::unique_ptr<ProcessLauncher> make_process_launcher(uv_loop_t* loop, const LauncherOptions&) {
    return std::make_unique<WindowsLauncher>(loop);
}

}  // namespace hostbridge
