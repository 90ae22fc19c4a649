// SPDX-License-Identifier: MIT
#include "hostbridge/running_program_win.h"

#include <chrono>
#include <utility>

#include "hostbridge/wine_workarounds_win.h"

namespace hostbridge {
namespace {

namespace v1 = mzinit::v1;

/// STATUS_CONTROL_C_EXIT, which ntstatus.h and windows.h cannot both define.
constexpr std::uint32_t control_c_exit = 0xC000013A;

/// How long a program has to end by itself after TERM, HUP or QUIT.
constexpr std::chrono::milliseconds grace_period{5000};

UniqueHandle duplicate(HANDLE handle) {
    HANDLE copy = nullptr;
    DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    return UniqueHandle(copy);
}

}  // namespace

proto::Result<std::unique_ptr<RunningProgram>> RunningProgram::watch(uv_loop_t* loop, Parts parts,
                                                                     std::function<void(ExitResult)> exited) {
    std::unique_ptr<RunningProgram> program(new RunningProgram(loop, std::move(parts), std::move(exited)));
    auto watch = ExitWatch::start(loop, program->parts_.child.process.get(),
                                  [raw = program.get()](std::uint32_t code) { raw->on_exit(code); });
    if (!watch) {
        program->terminate_tree();
        return watch.error();
    }
    program->exit_watch_ = std::move(*watch);
    return program;
}

RunningProgram::~RunningProgram() {
    if (!has_exited_ && parts_.kind == ProgramKind::console) parts_.job.terminate(control_c_exit);
}

void RunningProgram::on_exit(std::uint32_t code) {
    has_exited_ = true;
    grace_.stop();
    // What the program left running lives on, also when the agent ends.
    if (!terminated_) parts_.job.set_on_close(OnJobClose::let_live);
    // Moved out first: the callback may destroy this object.
    const auto exited = std::move(exited_);
    exited(exit_result(code));
}

ExitResult RunningProgram::exit_result(std::uint32_t code) const {
    if (!requested_) return code;
    const bool ended_by_control_c =
        code == control_c_exit || (code == 0 && requested_ == v1::SIGNAL_INT && parts_.kind == ProgramKind::console &&
                                   wine::control_c_exits_with_zero());
    if (terminated_ || ended_by_control_c) return *requested_;
    return code;
}

void RunningProgram::count_unread_stdin_after_exit(std::size_t, std::function<void(std::uint64_t)> done) {
    if (!parts_.stdin_read_end) return done(0);
    // The pipe has no buffer: what it holds are the writes under way, and all of them.
    auto peek = PipePeek::start(loop_, std::move(parts_.stdin_read_end), done);
    if (!peek) return done(0);
    peek_ = std::move(*peek);
}

void RunningProgram::deliver(v1::SignalNumber signal) {
    if (has_exited_) return;
    switch (signal) {
        case v1::SIGNAL_INT:
            requested_ = signal;
            // No grace period: what a program makes of Ctrl-C is its own business (interpreters go on).
            ask_to_end(ConsoleEvent::ctrl_c);
            break;
        case v1::SIGNAL_QUIT:
        case v1::SIGNAL_TERM:
        case v1::SIGNAL_HUP:
            requested_ = signal;
            if (!grace_.active()) grace_.start(grace_period);
            ask_to_end(ConsoleEvent::ctrl_break);
            break;
        case v1::SIGNAL_KILL:
            requested_ = signal;
            terminate_tree();
            break;
        case v1::SIGNAL_TSTP: parts_.job.suspend(); break;
        case v1::SIGNAL_CONT: parts_.job.resume(); break;
        default: break;  // Windows has nothing like USR1 and USR2.
    }
}

void RunningProgram::ask_to_end(ConsoleEvent event) {
    // A program that cannot be asked is ended.
    if (parts_.kind == ProgramKind::gui) {
        if (!ask_windows_to_close(parts_.child.id)) terminate_tree();
        return;
    }
    if (event_under_way_) {
        waiting_event_ = event;
        return;
    }
    event_under_way_ = true;
    send_console_event(loop_, duplicate(parts_.child.process.get()), parts_.child.id, event,
                       [this, alive = std::weak_ptr(alive_)](bool sent) {
                           if (!alive.expired()) on_event_sent(sent);
                       });
}

void RunningProgram::on_event_sent(bool sent) {
    event_under_way_ = false;
    if (has_exited_ || terminated_) return;
    if (!sent) return terminate_tree();
    if (const auto event = std::exchange(waiting_event_, std::nullopt)) ask_to_end(*event);
}

void RunningProgram::terminate_tree() {
    grace_.stop();
    terminated_ = true;
    parts_.job.terminate(control_c_exit);
}

}  // namespace hostbridge
