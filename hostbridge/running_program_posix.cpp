// SPDX-License-Identifier: MIT
#include "hostbridge/running_program_posix.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "hostbridge/signal_numbers_posix.h"

namespace hostbridge {
namespace {

namespace v1 = mzinit::v1;
using interop::UniqueFd;

// With the default 64 KiB the look-ahead of a client that must know what was read limits the throughput.
constexpr int large_pipe = 1 << 20;

}  // namespace

RunningProgram::~RunningProgram() {
    if (link_ != nullptr) {
        if (ended_) {
            link_->release();
        } else {
            link_->terminate();
        }
    }
    parts_.on_destroyed();
}

std::size_t RunningProgram::stdin_write_size() const { return PIPE_BUF; }

std::uint64_t RunningProgram::unread_stdin() {
    if (has_terminal_) return 0;
    int unread = 0;
    if (stdin_ < 0 || ::ioctl(stdin_, FIONREAD, &unread) < 0) return last_seen_unread_;
    if (!enlarged_ && unread > large_pipe / 32) {
        // Only for those who fill it: a user's pipes may not hold more than a fixed amount together.
        enlarged_ = true;
        static_cast<void>(::fcntl(stdin_, F_SETPIPE_SZ, large_pipe));
    }
    return static_cast<std::uint64_t>(unread);
}

void RunningProgram::stdin_ending() {
    if (has_terminal_) return;
    // A reader's descriptor would hide from us that the program has closed its own, so it is made only now.
    const std::string path = "/proc/self/fd/" + std::to_string(stdin_);
    stdin_reader_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    // The caller closes its end, so that nothing can be asked from then on: better unread than lost.
    if (!stdin_reader_) last_seen_unread_ = unread_stdin();
    stdin_ = stdin_reader_.get();
}

void RunningProgram::count_unread_stdin_after_exit(std::size_t pending_write, std::function<void(std::uint64_t)> done) {
    done(unread_stdin() + pending_write);
}

void RunningProgram::deliver(v1::SignalNumber signal) {
    if (ended_ || link_ == nullptr) return;
    if (signal == v1::SIGNAL_INT || signal == v1::SIGNAL_QUIT) interrupted_by_ = signal;
    if (signal == v1::SIGNAL_TERM || signal == v1::SIGNAL_HUP) ask_to_end(signal);
    link_->deliver(host_signal(signal));
}

void RunningProgram::ask_to_end(v1::SignalNumber signal) {
    asked_to_end_by_ = signal;
    if (grace_) return;
    grace_ = std::make_unique<uv::Timer>(loop_, [this] {
        grace_is_over_ = true;
        terminate_tree();
    });
    grace_->start(parts_.grace);
}

v1::TerminalKind RunningProgram::terminal() const {
    return has_terminal_ ? v1::TERMINAL_KIND_POSIX : v1::TERMINAL_KIND_NONE;
}

void RunningProgram::resize(std::uint32_t rows, std::uint32_t columns) {
    if (parts_.terminal) set_terminal_size(parts_.terminal.get(), rows, columns);
}

bool RunningProgram::note_typed(std::string& bytes) {
    if (!parts_.terminal) return false;
    const TypedCharacter meaning = meaning_of_last(parts_.terminal.get(), bytes);
    switch (meaning) {
        case TypedCharacter::interrupt: interrupted_by_ = v1::SIGNAL_INT; break;
        case TypedCharacter::quit: interrupted_by_ = v1::SIGNAL_QUIT; break;
        // Who types on talks to a program that lives.
        case TypedCharacter::input: interrupted_by_.reset(); break;
    }
    return meaning != TypedCharacter::input;
}

bool RunningProgram::is_output_waiting() const {
    pollfd terminal{parts_.terminal.get(), POLLIN, 0};
    return ::poll(&terminal, 1, 0) > 0 && (terminal.revents & POLLIN) != 0;
}

void RunningProgram::hang_up() {
    if (!std::exchange(parts_.terminal, UniqueFd()) || ended_ || link_ == nullptr) return;
    ask_to_end(v1::SIGNAL_HUP);
    link_->hang_up();
}

void RunningProgram::terminate_tree() {
    if (link_ != nullptr && !ended_) link_->terminate();
}

// Wine ends a program that does not handle SIGINT or SIGQUIT with 0, which would read as success. One that handles it and
// ends with 0 cannot be told from that.
ExitResult RunningProgram::note_exit(std::uint32_t code) {
    note_end();
    if (parts_.by_wine && code == 0 && interrupted_by_) return *interrupted_by_;
    return code;
}

ExitResult RunningProgram::note_death(v1::SignalNumber signal) {
    note_end();
    if (signal == v1::SIGNAL_KILL && grace_is_over_) return *asked_to_end_by_;
    return signal;
}

void RunningProgram::note_end() {
    ended_ = true;
    grace_.reset();
}

void RunningProgram::note_keeper_gone() {
    link_ = nullptr;
    grace_.reset();
}

}  // namespace hostbridge
