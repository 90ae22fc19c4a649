// SPDX-License-Identifier: MIT
#include "init/machine/machine_processes.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "init/emergency.h"
#include "init/host_search_path.h"
#include "init/machine/console.h"
#include "init/machine/console_session.h"
#include "init/messages.h"
#include "interop/os/spawn.h"
#include "interop/os/string_pointers.h"
#include "interop/os/unique_fd.h"

namespace init {
namespace {

using interop::UniqueFd;

constexpr int exit_cannot_run = 126;
constexpr int exit_not_found = 127;

constexpr const char* usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr off_t largest_log = 10 << 20;

UniqueFd open_null(int flags) { return UniqueFd(::open("/dev/null", flags | O_CLOEXEC)); }

void make_parents(const std::string& path) {
    for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        ::mkdir(path.substr(0, slash).c_str(), 0755);
    }
}

proto::Result<UniqueFd> try_open_log(const std::string& path) {
    make_parents(path);  // If they cannot be made, opening says why.
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > largest_log) {
        (void)std::rename(path.c_str(), (path + ".1").c_str());
    }
    UniqueFd log(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640));
    if (!log) return proto::errno_error(errno, "open the log " + path);
    // Only the opening was not to wait, for the reader of a FIFO.
    ::fcntl(log.get(), F_SETFL, O_APPEND);
    return log;
}

UniqueFd open_log(const std::string& path) {
    auto log = try_open_log(path);
    if (log) return std::move(*log);
    warn_user(log.error().message() + "; the output is lost");
    return open_null(O_WRONLY);
}

const char* login_shell() { return ::access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh"; }

/// What a new process becomes.
struct Program {
    std::string path;
    std::vector<std::string> arguments;
    UniqueFd input;
    UniqueFd output;
    bool leads_session = true;  // Also where it gets a terminal, see console_session.h.
};

proto::Result<Program> find(const std::vector<std::string>& words) {
    auto path = interop::find_program(words.front(), std::getenv("PATH"));
    if (!path) return path.error();
    return Program{.path = std::move(*path), .arguments = words, .input = {}, .output = {}};
}

/// In the new process. Returns only if the program could not be executed: why.
proto::Error become(const Program& program, const interop::SignalState& signals) {
    ::setsid();
    // If it is a terminal that no session has, it is ours then.
    const bool has_terminal = ::ioctl(program.input.get(), TIOCSCTTY, 0) == 0;
    ::dup2(program.input.get(), STDIN_FILENO);
    ::dup2(program.output.get(), STDOUT_FILENO);
    ::dup2(program.output.get(), STDERR_FILENO);
    if (has_terminal && !program.leads_session) hold_session_for_command();
    signals.restore();
    ::execv(program.path.c_str(), interop::pointers_to(program.arguments).data());
    return proto::errno_error(errno, "start " + program.path);
}

/// Starts a process that becomes what `prepare` says, all of which is done there.
template <typename Prepare>
proto::Result<pid_t> start(const interop::SignalState& signals, const Prepare& prepare) {
    const pid_t child = ::fork();
    if (child < 0) return proto::errno_error(errno, "start a process");
    if (child > 0) return child;
    disarm_emergency();
    const UniqueFd messages(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    proto::Result<Program> program = prepare();
    const proto::Error problem = program ? become(*program, signals) : program.error();
    ::dup2(messages.get(), STDERR_FILENO);
    warn_user(problem.message());
    ::_exit(problem.code == std::errc::no_such_file_or_directory ? exit_not_found : exit_cannot_run);
}

}  // namespace

void set_machine_environment() {
    ::setenv("PATH", usual_path, 0);
    const char* home = std::getenv("HOME");
    const bool is_kernels = home == nullptr || std::string_view(home) == "/";
    struct stat status {};
    if (is_kernels && ::stat("/root", &status) == 0 && S_ISDIR(status.st_mode)) ::setenv("HOME", "/root", 1);
}

proto::Result<pid_t> start_on_console(const std::vector<std::string>& words, const interop::SignalState& signals) {
    return start(signals, [&words]() -> proto::Result<Program> {
        append_host_search_path();
        const std::string shell = login_shell();
        const std::string login_name = "-" + shell.substr(shell.rfind('/') + 1);
        proto::Result<Program> program =
            words.empty() ? Program{.path = shell, .arguments = {login_name}, .input = {}, .output = {}} : find(words);
        if (!program) return program;
        program->leads_session = is_interactive_shell(words);
        program->input = open_console_terminal();
        if (program->input) {
            ::setenv("TERM", terminal_type(program->input.get(), std::getenv("TERM")), 1);
        } else {
            program->input = open_console();
        }
        program->output.reset(::fcntl(program->input.get(), F_DUPFD_CLOEXEC, 0));
        return program;
    });
}

proto::Result<pid_t> start_service(const std::vector<std::string>& words, const std::string& log,
                                   const interop::SignalState& signals) {
    return start(signals, [&words, &log] {
        auto program = find(words);
        if (!program) return program;
        program->input = open_null(O_RDONLY);
        program->output = open_log(log);
        return program;
    });
}

proto::Result<pid_t> start_own_subcommand(const std::vector<std::string>& words, const interop::SignalState& signals) {
    return start(signals, [&words]() -> proto::Result<Program> {
        // Which /init is may have changed, or be out of sight.
        // Its messages, like ours, wait for nobody: a console that was stopped must not stop the broker.
        Program program{.path = "/proc/self/exe",
                        .arguments = {"mzinit"},
                        .input = open_null(O_RDONLY),
                        .output = UniqueFd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0))};
        program.arguments.insert(program.arguments.end(), words.begin(), words.end());
        return program;
    });
}

std::string usual_log(const std::string& service_name) { return "/var/log/" + service_name + ".log"; }

}  // namespace init
