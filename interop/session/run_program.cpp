// SPDX-License-Identifier: MIT
#include "interop/session/run_program.h"

#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interop/os/detached_process.h"
#include "interop/os/string_pointers.h"
#include "interop/route/configuration.h"
#include "interop/route/installation.h"
#include "interop/route/local_backends.h"
#include "interop/route/local_detached.h"
#include "interop/session/host_dialing.h"
#include "interop/session/host_session.h"
#include "interop/session/launch_request.h"
#include "interop/session/program_file.h"
#include "interop/text/command_line.h"
#include "interop/text/printable.h"
#include "proto/wire/utf8_text.h"

extern char** environ;

namespace interop {
namespace {

// A runner of an agent on this machine, or a shim, may lead back to us: MZINIT_DEPTH counts, and this ends it.
constexpr unsigned deepest = 8;

class ProgramRun {
  public:
    explicit ProgramRun(ProgramInvocation invocation) : invocation_(std::move(invocation)) {}

    int run();

  private:
    /// One line on standard error: "mzinit: report.exe: REASON".
    int fail(int code, const std::string& reason) const;
    /// Reads the configuration; an exit status, if that failed.
    std::optional<int> configure();
    /// Tries one backend after the other until one has started the program.
    int follow(const Route& route);
    /// A backend's exit status for this process; nothing if it did not start the program, which has been noted.
    std::optional<int> try_backend(Backend backend);
    std::optional<int> try_host(Backend backend);
    std::optional<int> try_local(Backend backend);
    SessionOutcome run_on_host();
    /// Why these options cannot be kept to without a host; empty if they can.
    [[nodiscard]] std::string wish_for_host() const;
    /// Why the files of --with cannot be sent, or the arguments; nothing if they can, as far as is known.
    [[nodiscard]] std::optional<std::string> find_bad_option() const;
    /// The program is one for Linux. Becomes it, or starts it detached.
    [[nodiscard]] int run_natively() const;
    /// Becomes it; why that failed.
    [[nodiscard]] std::string execute_natively() const;
    /// For a program that was started detached.
    [[nodiscard]] int tell_process_id(std::uint64_t id) const;
    /// Ends as the program did.
    [[nodiscard]] int finish(const Ended& ended) const;
    void note(const std::string& reason);
    void note_failure(const LocalFailure& failure);

    ProgramInvocation invocation_;
    ProgramFile program_;
    Configuration configuration_;
    unsigned depth_ = 0;
    std::optional<Installation> installed_;  // looked up when the first local backend's turn comes
    std::string reasons_;                    // why the backends that were tried did not start the program
    std::optional<int> exit_code_;           // of the backend that had most to say
};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

unsigned current_depth() {
    const char* text = std::getenv("MZINIT_DEPTH");
    unsigned depth = 0;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), depth);
    return depth;
}

int ProgramRun::fail(int code, const std::string& reason) const {
    // Parts of it may come from the agent.
    // It must not cost the status either: nobody may be reading.
    signal(SIGPIPE, SIG_IGN);
    const std::string line = printable_line(base_name(invocation_.path) + ": " + reason);
    dprintf(STDERR_FILENO, "mzinit: %s\n", line.c_str());
    return code;
}

int exit_code_of_open(const std::error_code& code) {
    const bool missing = code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory;
    return missing ? exit_code::not_found : exit_code::cannot_run;
}

/// Sends it to all of our process group but us.
void tell_job(int number) {
    signal(number, SIG_IGN);
    kill(0, number);
}

void ProgramRun::note(const std::string& reason) { reasons_ += (reasons_.empty() ? "" : "; ") + reason; }

SessionOutcome ProgramRun::run_on_host() {
    LaunchRequest request = make_launch_request(invocation_, program_, configuration_, depth_ + 1);
    auto host = dial_host(configuration_);
    if (!host) return NotStarted{host.error().message(), exit_code::bridge_failed};
    HostConnection& connection = host->connection;
    const auto has = [agreed = connection.protocol->agreement().capabilities](std::uint64_t capability) {
        return (agreed & capability) != 0;
    };
    if (invocation_.is_host_name && !has(proto::capability::host_names)) {
        return NotStarted{"the agent looks up no programs by name", exit_code::cannot_run};
    }
    if (invocation_.raw_arguments && !has(proto::capability::raw_command_tail)) {
        return NotStarted{"--raw-args is for hosts with Windows, where programs get a command line",
                          exit_code::cannot_run};
    }
    const bool takes_files = has(proto::capability::uploads);
    if (!invocation_.with.empty() && !(takes_files && has(proto::capability::requested_uploads))) {
        return NotStarted{"--with: the agent takes no files", exit_code::cannot_run};
    }
    complete_launch_request(request, program_, connection.passes_descriptors ? Passing::descriptors : Passing::none,
                            has(proto::capability::path_lists) ? PathLists::for_agent : PathLists::translated);
    request.launch.set_can_upload(takes_files && !invocation_.is_host_name &&
                                  configuration_.upload == UploadMode::automatic);
    request.launch.set_must_upload(!invocation_.with.empty());
    const UploadSource source{base_name(invocation_.path),
                              [this] { return find_program_parts(program_, invocation_.with); }};
    return run_host_session(std::move(connection), request.launch, request.descriptors, source, request.text);
}

std::optional<int> ProgramRun::try_host(Backend backend) {
    auto outcome = run_on_host();
    if (auto* ended = std::get_if<Ended>(&outcome)) return finish(*ended);
    if (auto* detached = std::get_if<Detached>(&outcome)) return tell_process_id(detached->process_id);
    if (auto* lost = std::get_if<Lost>(&outcome)) return fail(exit_code::bridge_failed, lost->reason);
    const auto& not_started = std::get<NotStarted>(outcome);
    if (backend == Backend::host) {
        note(not_started.reason);
        exit_code_ = not_started.exit_code;
    } else {
        // It was not expected to be there, so that it is not there is no failure of the bridge.
        const bool answered = not_started.exit_code != exit_code::bridge_failed;
        note(answered ? "the host: " + not_started.reason : "no agent answers");
    }
    return std::nullopt;
}

std::optional<int> ProgramRun::try_local(Backend backend) {
    if (auto wish = wish_for_host(); !wish.empty()) {
        // Why the host did not start it says more.
        if (reasons_.empty()) note_failure({std::move(wish), exit_code::cannot_run});
        return std::nullopt;
    }
    if (!installed_) installed_ = find_installation();
    if (!invocation_.detach && invocation_.text && configuration_.text.encoding_for("", invocation_.text)) {
        note_failure({"--text is for programs on the host, not for those run here", exit_code::cannot_run});
        return std::nullopt;
    }
    const LocalLaunch launch{program_.image, program_.absolute_path, invocation_.arguments, depth_ + 1};
    if (invocation_.detach) {
        auto started = start_locally_detached(backend, launch, *installed_, configuration_);
        if (const auto* process = std::get_if<pid_t>(&started)) {
            return tell_process_id(static_cast<std::uint64_t>(*process));
        }
        note_failure(std::get<LocalFailure>(started));
        return std::nullopt;
    }
    auto outcome = run_locally(backend, launch, *installed_, configuration_);
    if (auto* ended = std::get_if<LocalEnd>(&outcome)) {
        return finish(Ended{{.code = ended->code, .signal = ended->signal}, ended->message});
    }
    note_failure(std::get<LocalFailure>(outcome));
    return std::nullopt;
}

std::string ProgramRun::wish_for_host() const {
    if (invocation_.raw_arguments) return "--raw-args is for programs on a host with Windows, not for those run here";
    if (!invocation_.with.empty()) return "--with is for programs that are sent to the host, not for those run here";
    return {};
}

void ProgramRun::note_failure(const LocalFailure& failure) {
    note(failure.reason);
    // That the program cannot be run counts for most, and that something is not installed for nothing.
    if (!failure.is_missing && (!exit_code_ || failure.exit_code != exit_code::bridge_failed)) {
        exit_code_ = failure.exit_code;
    }
}

std::optional<int> ProgramRun::try_backend(Backend backend) {
    const bool is_host = backend == Backend::host || backend == Backend::host_if_offered;
    return is_host ? try_host(backend) : try_local(backend);
}

int ProgramRun::follow(const Route& route) {
    // Here, because not every route comes from choose_route().
    if (!configuration_.routes.enabled) return fail(exit_code::cannot_run, interop_disabled);
    for (const Backend backend : route) {
        if (const auto status = try_backend(backend)) return *status;
    }
    return fail(exit_code_.value_or(exit_code::cannot_run), reasons_);
}

std::string ProgramRun::execute_natively() const {
    std::vector<std::string> words{invocation_.argv0};
    words.insert(words.end(), invocation_.arguments.begin(), invocation_.arguments.end());
    // By descriptor: the kernel sees the name /dev/fd/N then, for which there is no rule. A script's interpreter opens that.
    fcntl(program_.fd.get(), F_SETFD, 0);
    syscall(SYS_execveat, program_.fd.get(), "", pointers_to(words).data(), environ, AT_EMPTY_PATH);
    return proto::errno_error(errno, "").code.message();
}

int ProgramRun::run_natively() const {
    if (const auto wish = wish_for_host(); !wish.empty()) return fail(exit_code::cannot_run, wish);
    if (!invocation_.detach) return fail(exit_code::cannot_run, execute_natively());
    const auto child = fork_detached([this](const auto&) { return execute_natively(); });
    if (!child) return fail(exit_code::bridge_failed, child.error().message());
    if (!child->failure.empty()) return fail(exit_code::cannot_run, child->failure);
    return tell_process_id(static_cast<std::uint64_t>(child->pid));
}

int ProgramRun::tell_process_id(std::uint64_t id) const {
    if (dprintf(STDOUT_FILENO, "%" PRIu64 "\n", id) >= 0) return 0;
    return fail(1, proto::errno_error(errno, "write its process id").message());
}

std::optional<int> ProgramRun::configure() {
    auto configuration = load_configuration();
    if (!configuration) return fail(exit_code::bridge_failed, configuration.error().message());
    configuration_ = std::move(*configuration);
    configuration_.dos.interactive = invocation_.interactive;
    configuration_.upload = invocation_.upload.value_or(configuration_.upload);
    if (!invocation_.with.empty() && configuration_.upload == UploadMode::never) {
        return fail(exit_code::cannot_run, "--with: [host] upload = never of the configuration forbids sending files");
    }
    if (const auto bad = find_bad_option()) return fail(exit_code::cannot_run, *bad);
    for (const std::string& warning : configuration_.warnings) fail(0, warning);
    return std::nullopt;
}

std::optional<std::string> ProgramRun::find_bad_option() const {
    for (const std::string& path : invocation_.with) {
        if (access(path.c_str(), F_OK) != 0) return proto::errno_error(errno, "--with " + path).message();
    }
    if (invocation_.raw_arguments) {
        const std::string tail = raw_command_tail(invocation_.arguments);
        if (proto::to_utf8_text(tail) != tail) return "--raw-args: the arguments are not valid UTF-8";
    }
    return std::nullopt;
}

int ProgramRun::run() {
    depth_ = current_depth();
    if (depth_ >= deepest)
        return fail(exit_code::bridge_failed, "mzinit was started by what it started, again and again");
    if (invocation_.is_host_name) {
        if (const auto failed = configure()) return *failed;
        return follow({Backend::host});
    }
    auto program = open_program_file(invocation_.path, UniqueFd(std::exchange(invocation_.program_fd, -1)));
    if (!program) return fail(exit_code_of_open(program.error().code), program.error().message());
    program_ = std::move(*program);
    if (program_.runs_natively) return run_natively();
    if (const auto failed = configure()) return *failed;
    auto route = choose_route(program_.image, configuration_.routes);
    if (auto* refusal = std::get_if<RouteRefusal>(&route)) return fail(exit_code::cannot_run, refusal->text);
    return follow(std::get<Route>(route));
}

int ProgramRun::finish(const Ended& ended) const {
    if (!ended.message.empty()) fail(0, ended.message);
    if (ended.action.signal != 0) {
        if (ended.concerns_job) tell_job(ended.action.signal);
        die_of_signal(ended.action.signal);
    }
    return ended.action.code;
}

}  // namespace

int run_program(ProgramInvocation invocation) { return ProgramRun(std::move(invocation)).run(); }

}  // namespace interop
