// SPDX-License-Identifier: MIT
#include "hostbridge/keeper_posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "hostbridge/process_tree_posix.h"
#include "hostbridge/tree_stop_posix.h"
#include "interop/route/runner_wine_addresses.h"

// Everything here runs after a fork of a process with threads: async-signal-safe calls only.
namespace hostbridge {
namespace {

// Where the keeper has its descriptors; 0 to 2 are /dev/null.
enum Slot : int {
    control_slot = 3,
    report_slot,
    terminal_slot,
    stdin_slot,
    stdout_slot,
    stderr_slot,
    directory_slot,
    slot_end
};

constexpr int above_slots = 64;

void close_from(int first) noexcept {
    if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = first; fd < static_cast<int>(limit.rlim_cur); ++fd) ::close(fd);
}

// Moves what is needed into the slots and closes all else: the agent's sockets, and above all other programs' pipes.
// The errno of what failed, or 0; the control slot is filled all the same, so that it can be reported.
int arrange_descriptors(const KeeperOrder& order) noexcept {
    int wanted[slot_end] = {
        order.null_device, order.null_device, order.null_device, order.control,    order.exit_report,
        order.terminal,    order.streams[0],  order.streams[1],  order.streams[2], order.working_directory_fd};
    int failure = 0;
    for (int& fd : wanted) {
        if (fd < 0) continue;
        fd = ::fcntl(fd, F_DUPFD_CLOEXEC, above_slots);
        if (fd < 0) failure = errno;
    }
    if (failure != 0) {
        ::dup2(order.control, control_slot);
        return failure;
    }
    for (int slot = 0; slot < slot_end; ++slot) {
        if (wanted[slot] < 0) {
            ::close(slot);
        } else if (::dup3(wanted[slot], slot, slot < control_slot ? 0 : O_CLOEXEC) < 0) {
            failure = errno;
        }
    }
    close_from(slot_end);
    return failure;
}

void reset_signals() noexcept {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
    // Nobody but the agent tells a keeper what to do, and SIGCHLD is read from a descriptor.
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

char* append_text(char* at, const char* text) noexcept {
    while (*text != '\0') *at++ = *text++;
    *at = '\0';
    return at;
}

char* append_number(char* at, unsigned number) noexcept {
    char digits[16];
    int count = 0;
    do {
        digits[count++] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0) *at++ = digits[--count];
    *at = '\0';
    return at;
}

void fill_exit_report_variable(char* variable, pid_t keeper) noexcept {
    char* at = append_text(variable, "MZINIT_EXIT_REPORT=");
    at = append_number(at, static_cast<unsigned>(::getpid()));
    at = append_text(at, ":/proc/");
    at = append_number(at, static_cast<unsigned>(keeper));
    at = append_text(at, "/fd/");
    append_number(at, report_slot);
}

// In the program's process, which shares the keeper's memory until it executes. Returns only what failed.
KeeperReport become_program(const KeeperOrder& order, pid_t keeper) noexcept {
    if (order.is_detached) {
        ::setsid();
    } else {
        ::setpgid(0, 0);
    }
    const pid_t group = ::getpid();
    // SIGTTOU, which this would cost in the background, is still blocked.
    if (order.terminal >= 0 && ::ioctl(stdin_slot, TIOCSPGRP, &group) < 0) {
        return {KeeperReport::no_process, static_cast<std::uint32_t>(errno)};
    }
    for (int stream = 0; stream < 3; ++stream) {
        if (::dup2(stdin_slot + stream, stream) < 0) {
            return {KeeperReport::no_process, static_cast<std::uint32_t>(errno)};
        }
    }
    const bool has_descriptor = order.working_directory_fd >= 0;
    if ((has_descriptor ? ::fchdir(directory_slot) : ::chdir(order.working_directory)) < 0) {
        return {KeeperReport::no_working_directory, static_cast<std::uint32_t>(errno)};
    }
    if (order.exit_report >= 0) fill_exit_report_variable(order.exit_report_variable, keeper);
    ::setrlimit(RLIMIT_NOFILE, &order.descriptor_limit);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (order.is_wine) interop::use_wine_addresses();
    ::execve(order.path, order.argv, order.envp);
    return {KeeperReport::no_execution, static_cast<std::uint32_t>(errno)};
}

KeeperReport start_program(const KeeperOrder& order, pid_t keeper) noexcept {
    // Shared with the child of vfork: the compiler must not keep it in a register across the call.
    volatile std::uint32_t failed_kind = KeeperReport::started;
    volatile std::uint32_t failure = 0;
    const pid_t program = ::vfork();
    if (program == 0) {
        const KeeperReport report = become_program(order, keeper);
        failed_kind = report.kind;
        failure = report.value;
        ::_exit(127);
    }
    if (program < 0) return {KeeperReport::no_process, static_cast<std::uint32_t>(errno)};
    if (failed_kind != KeeperReport::started) return {static_cast<KeeperReport::Kind>(failed_kind), failure};
    return {KeeperReport::started, static_cast<std::uint32_t>(program)};
}

void send_report(KeeperReport report) noexcept {
    while (::send(control_slot, &report, sizeof report, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

// The full code if the exit object left one that fits what the kernel knows of it.
std::uint32_t exit_code_of(int status, bool has_report) noexcept {
    const auto low_byte = static_cast<std::uint32_t>(WEXITSTATUS(status));
    ExitReport report{};
    if (!has_report || ::pread(report_slot, &report, sizeof report, 0) != sizeof report) return low_byte;
    return report.magic == exit_report_magic && (report.code & 0xff) == low_byte ? report.code : low_byte;
}

// What became of the program since the last look.
struct Change {
    bool has_ended = false;
    bool has_stopped = false;
    bool has_continued = false;
    int status = 0;  ///< wait(2), if it has ended.
};

// Reaps everything that ended.
Change reap(pid_t program) noexcept {
    Change change;
    int status = 0;
    pid_t process = 0;
    while ((process = ::waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
        if (process != program) continue;
        change.has_stopped = WIFSTOPPED(status);
        change.has_continued = WIFCONTINUED(status);
        change.has_ended = !change.has_stopped && !change.has_continued;
        change.status = status;
    }
    return change;
}

// The kernel tells a hangup only to the leader of the session, which is us.
void hang_up(pid_t program, TreeStop& tree) noexcept {
    pid_t foreground = 0;
    if (::ioctl(terminal_slot, TIOCGPGRP, &foreground) == 0 && foreground > 1 && foreground != program) {
        ::kill(-foreground, SIGHUP);
        ::kill(-foreground, SIGCONT);
    }
    ::kill(-program, SIGHUP);
    tree.resume();
    ::close(terminal_slot);
}

// False: the tree is to be terminated.
bool obey(pid_t program, TreeStop& tree) noexcept {
    KeeperCommand command{};
    const ssize_t size = ::recv(control_slot, &command, sizeof command, 0);
    if (size < 0 && errno == EINTR) return true;
    if (size != sizeof command || command.kind == KeeperCommand::terminate) return false;
    if (command.kind == KeeperCommand::hang_up) {
        hang_up(program, tree);
    } else if (command.signal_number == SIGTSTP) {
        tree.request();
    } else if (command.signal_number == SIGCONT) {
        tree.resume();
    } else {
        ::kill(-program, command.signal_number);
    }
    return true;
}

void discard_signal(int signals) noexcept {
    signalfd_siginfo ignored{};
    static_cast<void>(!::read(signals, &ignored, sizeof ignored));
}

int wait_for_end(pid_t program, bool has_terminal, int signals) noexcept {
    TreeStop tree(program);
    while (true) {
        pollfd waiting[2] = {{signals, POLLIN, 0}, {control_slot, POLLIN, 0}};
        const int ready = ::poll(waiting, 2, tree.timeout());
        if (ready > 0 && waiting[0].revents != 0) discard_signal(signals);
        // The program may have ended just before a command to terminate it: then what it left running stays.
        const Change change = reap(program);
        if (change.has_ended) return change.status;
        if (change.has_stopped && has_terminal) tree.program_stopped();
        if (change.has_continued) tree.program_continued();
        if (ready > 0 && waiting[1].revents != 0 && !obey(program, tree)) {
            kill_all_descendants(program);
            return SIGKILL;  // as waitpid() has it
        }
        if (tree.step()) send_report({KeeperReport::stopped, SIGTSTP});
    }
}

// Until nobody has the terminal open any more. What is written there is the agent's to read as long as it is there.
void outlive_terminal(int signals) noexcept {
    bool is_agent_gone = false;
    while (true) {
        const short wanted = is_agent_gone ? POLLIN : 0;
        pollfd waiting[3] = {{signals, POLLIN, 0}, {terminal_slot, wanted, 0}, {control_slot, POLLIN, 0}};
        if (::poll(waiting, is_agent_gone ? 2 : 3, -1) < 0) continue;
        if (waiting[0].revents != 0) discard_signal(signals);
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        if ((waiting[1].revents & POLLIN) != 0) {
            char discarded[4096];
            if (::read(terminal_slot, discarded, sizeof discarded) <= 0 && errno != EAGAIN && errno != EINTR) break;
        } else if (waiting[1].revents != 0) {
            break;
        }
        if (!is_agent_gone && waiting[2].revents != 0) {
            KeeperCommand late{};
            const ssize_t size = ::recv(control_slot, &late, sizeof late, 0);
            is_agent_gone = size == 0 || (size < 0 && errno != EINTR);
        }
    }
    // The end of a session's leader is a hangup for the foreground group: that be ours alone.
    const pid_t own_group = ::getpgrp();
    static_cast<void>(::ioctl(terminal_slot, TIOCSPGRP, &own_group));
}

KeeperReport arrange_and_start(const KeeperOrder& order) noexcept {
    const int unarranged = arrange_descriptors(order);
    if (unarranged != 0) return {KeeperReport::no_process, static_cast<std::uint32_t>(unarranged)};
    if (order.terminal >= 0 && ::ioctl(stdin_slot, TIOCSCTTY, 0) < 0) {
        return {KeeperReport::no_process, static_cast<std::uint32_t>(errno)};
    }
    return start_program(order, ::getpid());
}

}  // namespace

void run_keeper(const KeeperOrder& order) noexcept {
    reset_signals();
    ::setsid();
    ::prctl(PR_SET_NAME, "hostbridge-keep");
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const KeeperReport report = arrange_and_start(order);
    const bool has_terminal = order.terminal >= 0;
    // The terminal stays open in stdin_slot: a program may close all that it has of it and open /dev/tty again.
    for (int slot = has_terminal ? stdout_slot : stdin_slot; slot < slot_end; ++slot) ::close(slot);
    if (report.kind != KeeperReport::started || order.is_detached) {
        send_report(report);
        ::_exit(0);
    }
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    const int signals = ::signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK);
    send_report(report);
    const int status = wait_for_end(static_cast<pid_t>(report.value), has_terminal, signals);
    if (has_terminal) ::close(stdin_slot);
    if (WIFSIGNALED(status)) {
        send_report({KeeperReport::killed, static_cast<std::uint32_t>(WTERMSIG(status))});
    } else {
        send_report({KeeperReport::exited, exit_code_of(status, order.exit_report >= 0)});
    }
    if (has_terminal) outlive_terminal(signals);
    ::_exit(0);
}

}  // namespace hostbridge
