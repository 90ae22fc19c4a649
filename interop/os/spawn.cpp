// SPDX-License-Identifier: MIT
#include "interop/os/spawn.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "interop/os/foreground.h"
#include "interop/os/string_pointers.h"
#include "interop/os/unique_fd.h"

namespace interop {
namespace {

constexpr const char* shell = "/bin/sh";

/// All that the child needs, made before the fork: after it only async-signal-safe calls are allowed.
struct ChildPlan {
    const SpawnRequest& request;
    char* const* arguments;
    char* const* shell_arguments;
    char* const* environment;
    int report_fd;
};

bool replace_descriptor(int from, int to) {
    return from < 0 || (from == to ? ::fcntl(to, F_SETFD, 0) == 0 : ::dup2(from, to) == to);
}

void execute(const ChildPlan& plan) {
    const SpawnRequest& request = plan.request;
    if (request.program_fd < 0) {
        ::execve(request.path.c_str(), plan.arguments, plan.environment);
        if (errno == ENOEXEC && request.shell_for_unknown) ::execve(shell, plan.shell_arguments, plan.environment);
        return;
    }
    // Interpreters are given the program as /dev/fd/N, which the kernel refuses for a number that exec closes.
    if (::fcntl(request.program_fd, F_SETFD, 0) != 0) return;
    ::syscall(SYS_execveat, request.program_fd, "", plan.arguments, plan.environment, AT_EMPTY_PATH);
}

[[noreturn]] void run_child(const ChildPlan& plan) {
    const SpawnRequest& request = plan.request;
    if (request.own_session) {
        ::setsid();
        ::ioctl(request.standard_input < 0 ? STDIN_FILENO : request.standard_input, TIOCSCTTY, 0);
    }
    if (request.own_process_group) ::setpgid(0, 0);
    if (request.foreground_terminal >= 0) give_foreground(request.foreground_terminal, ::getpid());
    if (replace_descriptor(request.standard_input, STDIN_FILENO) &&
        replace_descriptor(request.standard_output, STDOUT_FILENO) &&
        replace_descriptor(request.standard_error, STDERR_FILENO)) {
        if (request.signals != nullptr) request.signals->restore();
        execute(plan);
    }
    const int reason = errno;
    (void)!::write(plan.report_fd, &reason, sizeof reason);
    ::_exit(127);
}

std::vector<std::string> arguments_for_shell(const SpawnRequest& request) {
    std::vector<std::string> arguments{shell, request.path};
    if (!request.arguments.empty())
        arguments.insert(arguments.end(), request.arguments.begin() + 1, request.arguments.end());
    return arguments;
}

/// 0 when the pipe was closed by a successful exec.
int read_report(int fd) {
    int reason = 0;
    ssize_t count;
    do {
        count = ::read(fd, &reason, sizeof reason);
    } while (count < 0 && errno == EINTR);
    return count == static_cast<ssize_t>(sizeof reason) ? reason : 0;
}

}  // namespace

proto::Result<pid_t> spawn(const SpawnRequest& request) {
    const std::string doing = "start " + (request.program_fd < 0 ? request.path : request.arguments.front());
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, doing);
    const UniqueFd report(ends[0]);
    UniqueFd child_report(ends[1]);
    const std::vector<char*> arguments = pointers_to(request.arguments);
    const std::vector<std::string> shell_words = arguments_for_shell(request);
    const std::vector<char*> shell_arguments = pointers_to(shell_words);
    const ChildPlan plan{.request = request,
                         .arguments = arguments.data(),
                         .shell_arguments = shell_arguments.data(),
                         .environment = request.environment != nullptr ? request.environment : environ,
                         .report_fd = child_report.get()};
    const pid_t child = ::fork();
    if (child < 0) return proto::errno_error(errno, doing);
    if (child == 0) run_child(plan);
    child_report.reset();
    if (const int reason = read_report(report.get())) {
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
        return proto::errno_error(reason, doing);
    }
    return child;
}

proto::Result<std::string> find_program(const std::string& name, const char* path_list) {
    if (name.find('/') != std::string::npos) return name;
    int reason = ENOENT;
    if (name.empty()) return proto::errno_error(reason, name);
    std::string_view rest = path_list != nullptr ? path_list : "/bin:/usr/bin";
    while (true) {
        const std::size_t end = rest.find(':');
        std::string candidate(rest.substr(0, end));  // Empty: the working directory.
        if (!candidate.empty()) candidate += '/';
        candidate += name;
        struct stat status {};
        if (::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
            if (::access(candidate.c_str(), X_OK) == 0) return candidate;
            reason = EACCES;
        }
        if (end == std::string_view::npos) return proto::errno_error(reason, name);
        rest.remove_prefix(end + 1);
    }
}

}  // namespace interop
