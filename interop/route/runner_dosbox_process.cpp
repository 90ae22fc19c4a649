// SPDX-License-Identifier: MIT
#include "interop/route/runner_dosbox_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "interop/os/string_pointers.h"

namespace interop {
namespace {

constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int first_descriptor = 3;

/// All that the child needs, made before the fork: after it only async-signal-safe calls are allowed.
struct ChildPlan {
    const char* path;
    char* const* argv;
    char* const* envp;
    const std::vector<int>& descriptors;
    const SignalState& signals;
    pid_t parent;
    int report;
};

bool arrange_descriptors(const ChildPlan& plan, int& report) {
    // Out of the way first: those that are wanted may have each other's numbers.
    std::array<int, 16> moved{};
    const int end = first_descriptor + static_cast<int>(plan.descriptors.size());
    const int null_device = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_device < 0 || plan.descriptors.size() > moved.size()) return false;
    for (std::size_t i = 0; i < plan.descriptors.size(); ++i) {
        moved[i] = ::fcntl(plan.descriptors[i], F_DUPFD_CLOEXEC, end + 1);
        if (moved[i] < 0) return false;
    }
    const int moved_report = ::fcntl(report, F_DUPFD_CLOEXEC, end + 1);
    const int moved_null = ::fcntl(null_device, F_DUPFD_CLOEXEC, end + 1);
    if (moved_report < 0 || moved_null < 0 || ::dup3(moved_report, end, O_CLOEXEC) < 0) return false;
    report = end;
    for (int fd = 0; fd < first_descriptor; ++fd) {
        if (::dup2(moved_null, fd) < 0) return false;
    }
    for (std::size_t i = 0; i < plan.descriptors.size(); ++i) {
        if (::dup2(moved[i], first_descriptor + static_cast<int>(i)) < 0) return false;
    }
    // The caller's other descriptors are none of the emulator's business, and would stay open with it.
    if (::syscall(SYS_close_range, end + 1, ~0U, 0) != 0) {
        for (int fd = end + 1; fd < 1024; ++fd) ::close(fd);
    }
    return true;
}

[[noreturn]] void run_child(const ChildPlan& plan) {
    int report = plan.report;
    if (arrange_descriptors(plan, report)) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != plan.parent) ::_exit(127);  // it was faster
        plan.signals.restore();
        ::execve(plan.path, plan.argv, plan.envp);
    }
    const int reason = errno;
    static_cast<void>(!::write(report, &reason, sizeof reason));
    ::_exit(127);
}

}  // namespace

DosboxProcess::DosboxProcess() : original_(SignalState::current()) {
    sigset_t taken;
    ::sigemptyset(&taken);
    ::sigaddset(&taken, SIGCHLD);
    for (const int number : ending_signals) {
        if (::sigismember(&original_.ignored, number) == 0) ::sigaddset(&taken, number);
    }
    ::sigprocmask(SIG_BLOCK, &taken, nullptr);
    ::signal(SIGCHLD, SIG_DFL);
    ::signal(SIGPIPE, SIG_IGN);
    signals_.reset(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
}

DosboxProcess::~DosboxProcess() {
    finish({});
    take_signals();  // the last SIGCHLD too: our caller knows no such child
    original_.restore();
}

bool DosboxProcess::sigpipe_was_ignored() const { return ::sigismember(&original_.ignored, SIGPIPE) == 1; }

proto::Result<void> DosboxProcess::start(const std::string& path, const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& environment,
                                         const std::vector<int>& descriptors) {
    if (!signals_) return proto::errno_error(EMFILE, "watch for signals");
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, "make a pipe");
    const UniqueFd report(ends[0]);
    UniqueFd childs_report(ends[1]);
    const auto argv = pointers_to(arguments);
    const auto envp = pointers_to(environment);
    const ChildPlan plan{.path = path.c_str(),
                         .argv = argv.data(),
                         .envp = envp.data(),
                         .descriptors = descriptors,
                         .signals = original_,
                         .parent = ::getpid(),
                         .report = childs_report.get()};
    pid_ = ::fork();
    if (pid_ == 0) run_child(plan);
    if (pid_ < 0) return proto::errno_error(errno, "start a process");
    childs_report.reset();
    int reason = 0;
    ssize_t size = 0;
    while ((size = ::read(report.get(), &reason, sizeof reason)) < 0 && errno == EINTR) {
    }
    if (size != static_cast<ssize_t>(sizeof reason)) return {};
    reap(0);
    return proto::errno_error(reason, "start " + path);
}

void DosboxProcess::reap(int options) {
    if (pid_ < 0) return;
    pid_t ended = 0;
    while ((ended = ::waitpid(pid_, &status_, options)) < 0 && errno == EINTR) {
    }
    if (ended != 0) pid_ = -1;
}

void DosboxProcess::take_signals() {
    signalfd_siginfo arrived{};
    while (::read(signals_.get(), &arrived, sizeof arrived) == static_cast<ssize_t>(sizeof arrived)) {
        if (arrived.ssi_signo != SIGCHLD && ending_signal_ == 0) ending_signal_ = static_cast<int>(arrived.ssi_signo);
    }
    reap(WNOHANG);
}

bool DosboxProcess::wait(std::span<pollfd> descriptors) {
    std::vector<pollfd> waiting(descriptors.begin(), descriptors.end());
    waiting.push_back({signals_.get(), POLLIN, 0});
    while (true) {
        if (::poll(waiting.data(), waiting.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        if (waiting.back().revents != 0) take_signals();
        if (ending_signal_ != 0) return false;
        for (std::size_t i = 0; i < descriptors.size(); ++i) {
            if (waiting[i].revents != 0) return true;
        }
        // Only now: the last that it has said is still to be read.
        if (has_ended()) return false;
    }
}

bool DosboxProcess::wait(int fd, short events) {
    pollfd descriptor{fd, events, 0};
    return wait({&descriptor, 1});
}

void DosboxProcess::ask_to_end() {
    if (has_ended()) return;
    ::kill(pid_, SIGTERM);
    ::kill(pid_, SIGCONT);
}

void DosboxProcess::finish(std::chrono::milliseconds grace) {
    const auto deadline = std::chrono::steady_clock::now() + grace;
    reap(WNOHANG);
    while (!has_ended()) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) break;
        pollfd waiting{signals_.get(), POLLIN, 0};
        static_cast<void>(::poll(&waiting, 1, static_cast<int>(left.count())));
        take_signals();
    }
    if (has_ended()) return;
    ::kill(pid_, SIGKILL);
    reap(0);
}

}  // namespace interop
