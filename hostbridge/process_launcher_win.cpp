// SPDX-License-Identifier: MIT
#include "hostbridge/process_launcher.h"

#include "hostbridge/console_stub_win.h"
#include "hostbridge/final_path_win.h"
#include "hostbridge/host_machine_win.h"
#include "hostbridge/named_pipe_win.h"
#include "hostbridge/running_program_win.h"
#include "hostbridge/user_environment_win.h"
#include "hostbridge/uv/work.h"
#include "hostbridge/windows_error_win.h"
#include "hostbridge/windows_text_win.h"
#include "hostbridge/wine_workarounds_win.h"
#include "interop/text/command_line.h"
#include "interop/text/environment.h"
#include "proto/base/log.h"

namespace hostbridge {
namespace {

namespace v1 = mzinit::v1;

/// Everything about one launch while it is on its way between the loop and the work queue.
struct Launch {
    ProcessRequest request;
    std::array<std::unique_ptr<uv::Pipe>, 3> ours;
    std::array<UniqueHandle, 3> childs;
    std::optional<Job> job;
    ProgramKind kind = ProgramKind::console;
    std::shared_ptr<PseudoConsole> console;
    UniqueHandle console_input;                            ///< Wine: our end of it, if streams[0] is not.
    std::shared_ptr<const std::atomic<bool>> interrupted;  ///< RunningProgram::Parts.
    ChildProcess child;
    std::chrono::milliseconds grace{};
    LeftConsoles* left_consoles = nullptr;
    std::optional<LaunchFailure> failure;
    std::function<void(ProcessLauncher::Started)> started;
    std::function<void(ExitResult)> exited;
};

UniqueHandle duplicate(HANDLE handle) {
    HANDLE copy = nullptr;
    DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    return UniqueHandle(copy);
}

LaunchFailure host_failure(const proto::Error& error) {
    return {v1::LAUNCH_ERROR_HOST_FAILURE, static_cast<std::uint32_t>(error.code.value()), error.message()};
}

LaunchFailure argument_failure(const proto::Error& error) {
    if (error.code == make_error_code(interop::CommandLineFault::too_long)) {
        return {v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG, ERROR_FILENAME_EXCED_RANGE, error.message()};
    }
    return {v1::LAUNCH_ERROR_ARGUMENT_REFUSED, 0, error.message()};
}

/// What has none is a batch file, if its name says so.
bool has_program_header(const interop::ImageDescription& image) {
    return image.kind != interop::ImageKind::not_mz && image.kind != interop::ImageKind::batch;
}

/// What only the name and the content together tell.
std::optional<LaunchFailure> name_refusal(const interop::ImageDescription& image, bool is_batch) {
    // What the guest calls a batch file is none unless its name here says so.
    if (is_batch && has_program_header(image)) {
        return LaunchFailure{v1::LAUNCH_ERROR_BAD_FORMAT, ERROR_BAD_EXE_FORMAT,
                             interop::describe(image) + ", with a name that makes Windows run it as a batch file"};
    }
    if (!is_batch && !has_program_header(image)) return launch_failure(ERROR_BAD_EXE_FORMAT);
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
    auto environment = interop::merge_windows_environment(user_environment_block(),
                                                          with_path_lists(request.environment, request.path_lists));
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

/// A terminal that cannot be made is none, and the program gets pipes.
void make_console(Launch& launch) {
    if (!launch.request.terminal || launch.kind == ProgramKind::gui || !PseudoConsole::is_available()) return;
    const TerminalRequest& wanted = *launch.request.terminal;
    HANDLE input = launch.childs[0].get();
    ChildPipe direct;
    if (wine::pseudo_console_takes_no_control_c()) {
        auto pipe = make_child_pipe(PipeDirection::to_child);
        if (!pipe) return proto::warn(pipe.error().message());
        direct = std::move(*pipe);
        input = direct.childs.get();
    }
    auto made = PseudoConsole::make(console_size(wanted.rows, wanted.columns), input, launch.childs[1].get());
    if (!made) return proto::warn(made.error().message());
    launch.console = std::make_shared<PseudoConsole>(std::move(*made));
    launch.console_input = std::move(direct.ours);
}

void start_on_console(Launch& launch, ChildCommand& command) {
    command.console = ChildConsole::pseudo;
    command.pseudo_console = launch.console->get();
    if (!launch.request.terminal->includes_stderr) command.streams[2] = launch.childs[2].get();
    const bool by_stub = command.streams[2] != nullptr || wine::pseudo_console_gives_no_standard_handles();
    const DWORD error = by_stub ? create_child_by_stub(command, launch.child) : create_child(command, launch.child);
    if (error != ERROR_SUCCESS) {
        launch.failure = launch_failure(error);
        launch.failure->started = error == ERROR_BROKEN_PIPE;  // The stub died, nobody knows when.
        return;
    }
    if (!launch.console_input) return;
    auto typing = wine::type_to_console(std::move(launch.childs[0]), std::move(launch.console_input),
                                        duplicate(launch.child.process.get()), launch.child.id);
    if (typing) {
        launch.interrupted = std::move(*typing);
    } else {
        launch.failure = host_failure(typing.error());
        launch.failure->started = true;
    }
}

/// In no job, which would tie it to us.
void start_detached(Launch& launch, ChildCommand& command) {
    const UniqueHandle null_device(CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                               nullptr, OPEN_EXISTING, 0, nullptr));
    command.streams = {null_device.get(), null_device.get(), null_device.get()};
    const DWORD error = null_device ? create_child(command, launch.child) : GetLastError();
    if (error != ERROR_SUCCESS) launch.failure = launch_failure(error);
}

/// On the work queue.
void start_child(Launch& launch) {
    ChildCommand command;
    launch.failure = fill_in_texts(launch.request, command);
    if (launch.failure) return;
    command.console = launch.kind == ProgramKind::gui ? ChildConsole::none : ChildConsole::hidden;
    if (launch.request.detached) return start_detached(launch, command);
    command.job = launch.job->get();
    make_console(launch);
    if (launch.console) return start_on_console(launch, command);
    command.streams = {launch.childs[0].get(), launch.childs[1].get(), launch.childs[2].get()};
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

/// On the loop, when start_child() is done.
void report_start(uv_loop_t* loop, Launch& launch) {
    if (launch.failure) return launch.started(std::move(*launch.failure));
    if (launch.request.detached) return launch.started(DetachedProgram{launch.child.id});
    const bool has_console = launch.console != nullptr;
    const bool is_batch = !has_program_header(launch.request.image);
    RunningProgram::Parts parts{.child = std::move(launch.child),
                                .job = std::move(*launch.job),
                                .stdin_read_end = has_console ? UniqueHandle() : duplicate(launch.childs[0].get()),
                                .kind = launch.kind,
                                .console = std::move(launch.console),
                                .left_consoles = launch.left_consoles,
                                .interrupted = std::move(launch.interrupted),
                                .program_file = is_batch ? std::move(launch.request.program_file) : nullptr,
                                .grace = launch.grace};
    // While we hold these, the streams of the child do not end.
    launch.childs = {};
    if (has_console && launch.request.terminal->includes_stderr) launch.ours[2].reset();
    auto program = RunningProgram::watch(loop, std::move(parts), std::move(launch.exited));
    if (!program) {
        LaunchFailure unwatched = host_failure(program.error());
        unwatched.started = true;  // until watch() ended it
        return launch.started(std::move(unwatched));
    }
    (*program)->set_pipes(std::move(launch.ours));
    launch.started(std::unique_ptr<Process>(std::move(*program)));
}

class WindowsLauncher final : public ProcessLauncher {
  public:
    WindowsLauncher(uv_loop_t* loop, std::chrono::milliseconds grace)
        : loop_(loop), grace_(grace), left_consoles_(loop), machine_(HostMachine::detect()) {}

    void launch(ProcessRequest request, std::function<void(Started)> started,
                std::function<void(ExitResult)> exited) override {
        if (auto refused = refusal(request.image)) return started(std::move(*refused));
        const auto launch = std::make_shared<Launch>();
        launch->kind =
            request.image.kind == interop::ImageKind::pe && request.image.subsystem == interop::Subsystem::windows_gui
                ? ProgramKind::gui
                : ProgramKind::console;
        launch->request = std::move(request);
        launch->grace = grace_;
        launch->left_consoles = &left_consoles_;
        launch->started = std::move(started);
        launch->exited = std::move(exited);
        if (!launch->request.detached) {
            if (const auto prepared = prepare(loop_, *launch); !prepared)
                return launch->started(host_failure(prepared.error()));
        }
        uv::queue_work(
            loop_, [launch] { start_child(*launch); }, [launch, loop = loop_] { report_start(loop, *launch); });
    }

    [[nodiscard]] std::optional<LaunchFailure> refusal(const interop::ImageDescription& image) const override {
        return machine_.refusal(image);
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> runners() const override { return {}; }

  private:
    uv_loop_t* loop_;
    std::chrono::milliseconds grace_;
    LeftConsoles left_consoles_;
    HostMachine machine_;
};

}  // namespace

std::unique_ptr<ProcessLauncher> make_process_launcher(uv_loop_t* loop, const LauncherOptions& options) {
    return std::make_unique<WindowsLauncher>(loop, options.grace);
}

}  // namespace hostbridge
