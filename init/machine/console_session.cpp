// SPDX-License-Identifier: MIT
#include "init/machine/console_session.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "interop/os/foreground.h"

namespace init {
namespace {

constexpr int drain_step_milliseconds = 10;
constexpr int most_steps_without_progress = 100;

void drain_output() {
    int last = 0;
    for (int without_progress = 0; without_progress < most_steps_without_progress; ++without_progress) {
        int waiting = 0;
        if (::ioctl(STDOUT_FILENO, TIOCOUTQ, &waiting) != 0 || waiting == 0) return;
        if (waiting != last) without_progress = 0;
        last = waiting;
        ::poll(nullptr, 0, drain_step_milliseconds);
    }
}

[[noreturn]] void end_like(int wait_status) {
    if (WIFSIGNALED(wait_status)) {
        ::prctl(PR_SET_DUMPABLE, 0);  // The core, if one is wanted, was the command's.
        const int signal = WTERMSIG(wait_status);
        ::signal(signal, SIG_DFL);
        sigset_t only;
        ::sigemptyset(&only);
        ::sigaddset(&only, signal);
        ::raise(signal);
        ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
        ::_exit(128 + signal);
    }
    ::_exit(WEXITSTATUS(wait_status));
}

}  // namespace

bool is_interactive_shell(const std::vector<std::string>& words) {
    if (words.empty()) return true;
    const std::string& program = words.front();
    if (!program.ends_with("sh")) return false;
    return std::all_of(words.begin() + 1, words.end(), [](const std::string& word) {
        const bool is_option = word.starts_with('-') || word.starts_with('+');
        const bool takes_command = !word.starts_with("--") && word.find('c') != std::string::npos;
        return is_option && !takes_command;
    });
}

void hold_session_for_command() {
    const pid_t command = ::fork();
    if (command == 0) {
        ::setpgid(0, 0);
        interop::give_foreground(STDIN_FILENO, ::getpid());
    }
    if (command <= 0) return;  // Without a process for it this one becomes the command.
    int status = 0;
    while (::waitpid(command, &status, 0) < 0 && errno == EINTR) {
    }
    drain_output();
    end_like(status);
}

}  // namespace init
