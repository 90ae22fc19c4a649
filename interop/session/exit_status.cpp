// SPDX-License-Identifier: MIT
#include "interop/session/exit_status.h"

#include <array>
#include <csignal>
#include <cstdlib>

#include <sys/prctl.h>
#include <unistd.h>

#include "interop/route/runner_crash_codes.h"

namespace interop {
namespace {

using mzinit::v1::SignalNumber;

constexpr std::uint32_t status_control_c_exit = 0xC000013A;

struct SignalPair {
    SignalNumber protocol;
    int number;
    bool sent_by_clients;
};

constexpr std::array signal_pairs{
    SignalPair{mzinit::v1::SIGNAL_INT, SIGINT, true},    SignalPair{mzinit::v1::SIGNAL_QUIT, SIGQUIT, true},
    SignalPair{mzinit::v1::SIGNAL_TERM, SIGTERM, true},  SignalPair{mzinit::v1::SIGNAL_HUP, SIGHUP, true},
    SignalPair{mzinit::v1::SIGNAL_USR1, SIGUSR1, true},  SignalPair{mzinit::v1::SIGNAL_USR2, SIGUSR2, true},
    SignalPair{mzinit::v1::SIGNAL_TSTP, SIGTSTP, true},  SignalPair{mzinit::v1::SIGNAL_CONT, SIGCONT, true},
    SignalPair{mzinit::v1::SIGNAL_KILL, SIGKILL, false}, SignalPair{mzinit::v1::SIGNAL_SEGV, SIGSEGV, false},
    SignalPair{mzinit::v1::SIGNAL_ILL, SIGILL, false},   SignalPair{mzinit::v1::SIGNAL_ABRT, SIGABRT, false},
    SignalPair{mzinit::v1::SIGNAL_BUS, SIGBUS, false},   SignalPair{mzinit::v1::SIGNAL_FPE, SIGFPE, false},
    SignalPair{mzinit::v1::SIGNAL_TRAP, SIGTRAP, false}, SignalPair{mzinit::v1::SIGNAL_PIPE, SIGPIPE, false},
    SignalPair{mzinit::v1::SIGNAL_ALRM, SIGALRM, false}, SignalPair{mzinit::v1::SIGNAL_SYS, SIGSYS, false},
    SignalPair{mzinit::v1::SIGNAL_XCPU, SIGXCPU, false}, SignalPair{mzinit::v1::SIGNAL_XFSZ, SIGXFSZ, false},
};

}  // namespace

ExitAction map_exit_code(std::uint32_t code, int forwarded_signal) {
    if (code == status_control_c_exit && forwarded_signal != 0) return {.signal = forwarded_signal};
    const crash_action action = crash_action_of(code);
    return {.code = action.code, .signal = action.signal};
}

const char* loader_failure(std::uint32_t code) { return loader_failure_of(code); }

int linux_signal(SignalNumber signal) {
    for (const SignalPair& pair : signal_pairs) {
        if (pair.protocol == signal) return pair.number;
    }
    return SIGKILL;
}

std::optional<SignalNumber> protocol_signal(int linux_number) {
    for (const SignalPair& pair : signal_pairs) {
        if (pair.sent_by_clients && pair.number == linux_number) return pair.protocol;
    }
    return std::nullopt;
}

std::optional<SignalNumber> reported_signal(int linux_number) {
    for (const SignalPair& pair : signal_pairs) {
        if (pair.number == linux_number) return pair.protocol;
    }
    return std::nullopt;
}

int exit_code_for(mzinit::v1::LaunchErrorCode code) {
    switch (code) {
        case mzinit::v1::LAUNCH_ERROR_NOT_FOUND:
        case mzinit::v1::LAUNCH_ERROR_MISSING_LIBRARY: return exit_code::not_found;
        case mzinit::v1::LAUNCH_ERROR_BAD_FORMAT:
        case mzinit::v1::LAUNCH_ERROR_WRONG_MACHINE:
        case mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED:
        case mzinit::v1::LAUNCH_ERROR_NEEDS_ELEVATION:
        case mzinit::v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG:
        case mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED:
        case mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH:
        case mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY:
        case mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY: return exit_code::cannot_run;
        default: return exit_code::bridge_failed;
    }
}

void die_of_signal(int number) {
    // The crash was the program's: a core of ours would only mislead.
    prctl(PR_SET_DUMPABLE, 0);
    signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    raise(number);
    _exit(128 + number);
}

}  // namespace interop
