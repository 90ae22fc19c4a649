// SPDX-License-Identifier: MIT
#include "hostbridge/signal_numbers_posix.h"

#include <array>
#include <csignal>

namespace hostbridge {
namespace {

struct Pair {
    mzinit::v1::SignalNumber name;
    int number;
};

constexpr std::array<Pair, 20> pairs{{
    {mzinit::v1::SIGNAL_INT, SIGINT},   {mzinit::v1::SIGNAL_QUIT, SIGQUIT}, {mzinit::v1::SIGNAL_TERM, SIGTERM},
    {mzinit::v1::SIGNAL_HUP, SIGHUP},   {mzinit::v1::SIGNAL_USR1, SIGUSR1}, {mzinit::v1::SIGNAL_USR2, SIGUSR2},
    {mzinit::v1::SIGNAL_TSTP, SIGTSTP}, {mzinit::v1::SIGNAL_CONT, SIGCONT}, {mzinit::v1::SIGNAL_KILL, SIGKILL},
    {mzinit::v1::SIGNAL_SEGV, SIGSEGV}, {mzinit::v1::SIGNAL_ILL, SIGILL},   {mzinit::v1::SIGNAL_ABRT, SIGABRT},
    {mzinit::v1::SIGNAL_BUS, SIGBUS},   {mzinit::v1::SIGNAL_FPE, SIGFPE},   {mzinit::v1::SIGNAL_TRAP, SIGTRAP},
    {mzinit::v1::SIGNAL_PIPE, SIGPIPE}, {mzinit::v1::SIGNAL_ALRM, SIGALRM}, {mzinit::v1::SIGNAL_SYS, SIGSYS},
    {mzinit::v1::SIGNAL_XCPU, SIGXCPU}, {mzinit::v1::SIGNAL_XFSZ, SIGXFSZ},
}};

}  // namespace

int host_signal(mzinit::v1::SignalNumber signal) noexcept {
    for (const auto& [name, number] : pairs) {
        if (name == signal) return number;
    }
    return SIGKILL;
}

mzinit::v1::SignalNumber protocol_signal(int number) noexcept {
    for (const auto& pair : pairs) {
        if (pair.number == number) return pair.name;
    }
    return mzinit::v1::SIGNAL_KILL;
}

}  // namespace hostbridge
