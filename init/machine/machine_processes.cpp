// SPDX-License-Identifier: MIT
#include "init/machine/machine_processes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "init/machine/console.h"
#include "init/messages.h"
#include "interop/os/spawn.h"
#include "interop/os/unique_fd.h"

namespace init {
namespace {

using interop::SpawnRequest;
using interop::UniqueFd;

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

}  // namespace

void set_machine_environment() {
    ::setenv("PATH", usual_path, 0);
    const char* home = std::getenv("HOME");
    const bool is_kernels = home == nullptr || std::string_view(home) == "/";
    struct stat status {};
    if (is_kernels && ::stat("/root", &status) == 0 && S_ISDIR(status.st_mode)) ::setenv("HOME", "/root", 1);
}

proto::Result<pid_t> start_on_console(const std::vector<std::string>& words, const interop::SignalState& signals) {
    SpawnRequest request;
    if (words.empty()) {
        request.path = login_shell();
        request.arguments = {"-" + request.path.substr(request.path.rfind('/') + 1)};
    } else {
        auto program = interop::find_program(words.front(), std::getenv("PATH"));
        if (!program) return program.error();
        request.path = std::move(*program);
        request.arguments = words;
    }
    UniqueFd terminal = open_console_terminal();
    if (terminal) ::setenv("TERM", terminal_type(terminal.get(), std::getenv("TERM")), 1);
    if (!terminal) terminal = open_console();
    request.signals = &signals;
    request.own_session = true;
    request.standard_input = request.standard_output = request.standard_error = terminal.get();
    return interop::spawn(request);
}

proto::Result<pid_t> start_service(const std::vector<std::string>& words, const std::string& log,
                                   const interop::SignalState& signals) {
    auto program = interop::find_program(words.front(), std::getenv("PATH"));
    if (!program) return program.error();
    const UniqueFd input = open_null(O_RDONLY);
    const UniqueFd output = open_log(log);
    SpawnRequest request;
    request.path = std::move(*program);
    request.arguments = words;
    request.signals = &signals;
    request.own_session = true;
    request.standard_input = input.get();
    request.standard_output = request.standard_error = output.get();
    return interop::spawn(request);
}

proto::Result<pid_t> start_own_subcommand(const std::vector<std::string>& words, const interop::SignalState& signals) {
    const UniqueFd input = open_null(O_RDONLY);
    const UniqueFd console = open_console();
    SpawnRequest request;
    request.path = "/proc/self/exe";  // Which /init is may have changed, or be out of sight.
    request.arguments = {"mzinit"};
    request.arguments.insert(request.arguments.end(), words.begin(), words.end());
    request.signals = &signals;
    request.own_session = true;
    request.standard_input = input.get();
    request.standard_output = request.standard_error = console.get();
    return interop::spawn(request);
}

std::string usual_log(const std::string& service_name) { return "/var/log/" + service_name + ".log"; }

}  // namespace init
