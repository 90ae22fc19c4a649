// SPDX-License-Identifier: MIT
#include "hostbridge/running_program_win.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "hostbridge/wine_workarounds_win.h"
#include "proto/base/log.h"

namespace hostbridge {
namespace {

namespace v1 = mzinit::v1;

/// STATUS_CONTROL_C_EXIT, which ntstatus.h and windows.h cannot both define.
constexpr std::uint32_t control_c_exit = 0xC000013A;

/// How long the user's terminal has to say where its cursor is.
constexpr std::chrono::milliseconds cursor_report_limit{1000};

UniqueHandle duplicate(HANDLE handle) {
    HANDLE copy = nullptr;
    DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    return UniqueHandle(copy);
}

}  // namespace

RunningProgram::RunningProgram(uv_loop_t* loop, Parts parts, std::function<void(ExitResult)> exited)
    : loop_(loop),
      parts_(std::move(parts)),
      exited_(std::move(exited)),
      grace_(loop, [this] { terminate_job(); }),
      cursor_report_limit_(loop, [this] { make_up_cursor_report(); }),
      has_console_(parts_.console != nullptr) {}

proto::Result<std::unique_ptr<RunningProgram>> RunningProgram::watch(uv_loop_t* loop, Parts parts,
                                                                     std::function<void(ExitResult)> exited) {
    std::unique_ptr<RunningProgram> program(new RunningProgram(loop, std::move(parts), std::move(exited)));
    auto watch = ExitWatch::start(loop, program->parts_.child.process.get(),
                                  [raw = program.get()](std::uint32_t code) { raw->on_exit(code); });
    if (!watch) {
        program->terminate_job();
        return watch.error();
    }
    program->exit_watch_ = std::move(*watch);
    return program;
}

RunningProgram::~RunningProgram() {
    if (!has_exited_) {
        terminate_tree();
    } else if (!terminated_ && parts_.console && parts_.console->get() != nullptr) {
        parts_.left_consoles->keep({std::move(parts_.console), std::move(console_input_), std::move(parts_.job)});
    }
}

void RunningProgram::set_pipes(std::array<std::unique_ptr<uv::Pipe>, 3> ours) {
    pipes = std::move(ours);
    if (has_console_) console_input_ = duplicate(pipes[0]->native());
    if (!has_console_ || wine::pseudo_console_ends_of_flags()) return;
    // A console that inherits the cursor's position asks the terminal for it, and holds the program up until it is told.
    typed_ = pipes[0].get();
    cursor_report_limit_.start(cursor_report_limit);
}

bool RunningProgram::note_typed(std::string& bytes) {
    if (typed_ != nullptr && cursor_report_.feed(bytes)) {
        typed_ = nullptr;
        cursor_report_limit_.stop();
    }
    // A line that was typed before the client's terminal became raw ends with one, and so do those that programs type. To a
    // console it is Ctrl-J, which ends no line.
    std::replace(bytes.begin(), bytes.end(), '\n', '\r');
    constexpr char ctrl_c = 3;
    return bytes.ends_with(ctrl_c);
}

// Whatever is at the other end is no terminal that could be written on at any place.
void RunningProgram::make_up_cursor_report() {
    if (uv::Pipe* typed = std::exchange(typed_, nullptr)) typed->write("\x1b[1;1R", nullptr);
}

void RunningProgram::on_exit(std::uint32_t code) {
    has_exited_ = true;
    grace_.stop();
    // What the program left running lives on, also when the agent ends.
    if (!terminated_) parts_.job.set_on_close(OnJobClose::let_live);
    if (parts_.console) close_console_unless_used();
    // Moved out first: the callback may destroy this object.
    const auto exited = std::move(exited_);
    exited(exit_result(code));
}

// Only then the output ends; but so does what the program left running on the console. Of what it left running elsewhere, with
// a window for example, the user need not wait for the end.
void RunningProgram::close_console_unless_used() {
    const auto ids = parts_.job.process_ids();
    const bool is_last = std::all_of(ids.begin(), ids.end(), [this](DWORD id) { return id == parts_.child.id; });
    if (terminated_ || is_last || parts_.console->get() == nullptr) return parts_.console->close();
    ask_for_console_users(loop_, parts_.console,
                          [this, console = parts_.console, alive = std::weak_ptr(alive_)](bool any) {
                              if (!any && !alive.expired()) console->close();
                          });
}

ExitResult RunningProgram::exit_result(std::uint32_t code) const {
    const bool ended_with_zero = code == 0 && parts_.kind == ProgramKind::console && wine::control_c_exits_with_zero();
    if (!requested_) {
        const bool was_interrupted = parts_.interrupted && parts_.interrupted->load();
        return ended_with_zero && was_interrupted ? control_c_exit : code;
    }
    const bool ended_by_console =
        code == control_c_exit ||
        (ended_with_zero && (requested_ == v1::SIGNAL_INT || (has_console_ && requested_ == v1::SIGNAL_HUP)));
    if (terminated_ || ended_by_console) return *requested_;
    return code;
}

void RunningProgram::count_unread_stdin_after_exit(std::size_t pending_write, std::function<void(std::uint64_t)> done) {
    // Of a console, or of a program that was let go, which cannot be looked into while it lives.
    if (!parts_.stdin_read_end) return done(pending_write);
    // The pipe has no buffer: what it holds are the writes under way, and all of them.
    auto peek = PipePeek::start(loop_, std::move(parts_.stdin_read_end), done);
    if (!peek) return done(0);
    peek_ = std::move(*peek);
}

v1::TerminalKind RunningProgram::terminal() const {
    return has_console_ ? v1::TERMINAL_KIND_WINDOWS : v1::TERMINAL_KIND_NONE;
}

void RunningProgram::resize(std::uint32_t rows, std::uint32_t columns) {
    if (!parts_.console) return;
    const auto resized = parts_.console->resize(console_size(rows, columns));
    // Nothing that the user could do about it (Wine 8 resizes none), so it is said once and not for each change.
    static bool was_said = false;
    if (!resized && !std::exchange(was_said, true)) proto::warn(resized.error().message());
}

void RunningProgram::hang_up() {
    typed_ = nullptr;  // The caller closes it.
    cursor_report_limit_.stop();
    if (has_exited_ || !parts_.console) return;
    requested_ = v1::SIGNAL_HUP;
    begin_grace();
    parts_.console->close();
}

// Its client's terminal is gone, on which it never was, and its window is still there.
void RunningProgram::let_go() {
    has_exited_ = true;
    grace_.stop();
    exit_watch_.reset();
    parts_.stdin_read_end.reset();
    const auto exited = std::move(exited_);
    exited(v1::SIGNAL_HUP);
}

void RunningProgram::begin_grace() {
    if (!grace_.active()) grace_.start(parts_.grace);
}

void RunningProgram::deliver(v1::SignalNumber signal) {
    if (has_exited_) return;
    switch (signal) {
        case v1::SIGNAL_INT:
            requested_ = signal;
            // No grace period: what a program makes of Ctrl-C is its own business (interpreters go on), and of Ctrl-Break
            // (Java prints its threads).
            ask_to_end(ConsoleEvent::ctrl_c);
            break;
        case v1::SIGNAL_QUIT:
            requested_ = signal;
            ask_to_end(ConsoleEvent::ctrl_break);
            break;
        case v1::SIGNAL_TERM:
            requested_ = signal;
            begin_grace();
            ask_to_end(ConsoleEvent::ctrl_break);
            break;
        case v1::SIGNAL_HUP:
            if (parts_.console) return hang_up();
            if (parts_.kind == ProgramKind::gui) return let_go();
            requested_ = signal;
            begin_grace();
            ask_to_end(ConsoleEvent::ctrl_break);
            break;
        case v1::SIGNAL_KILL:
            requested_ = signal;
            terminate_job();
            break;
        case v1::SIGNAL_TSTP: parts_.job.suspend(); break;
        case v1::SIGNAL_CONT: parts_.job.resume(); break;
        default: break;  // Windows has nothing like USR1 and USR2.
    }
}

void RunningProgram::ask_to_end(ConsoleEvent event) {
    // A program that cannot be asked is ended.
    if (parts_.kind == ProgramKind::gui) {
        if (!ask_windows_to_close(parts_.job.process_ids())) terminate_job();
        return;
    }
    if (event_under_way_) {
        waiting_event_ = event;
        return;
    }
    event_under_way_ = true;
    send_console_event(loop_, duplicate(parts_.child.process.get()), parts_.child.id, event,
                       [this, alive = std::weak_ptr(alive_)](EventOutcome outcome) {
                           if (!alive.expired()) on_event_sent(outcome);
                       });
}

void RunningProgram::on_event_sent(EventOutcome outcome) {
    event_under_way_ = false;
    if (has_exited_ || terminated_) return;
    if (outcome == EventOutcome::no_console) return terminate_job();
    if (outcome == EventOutcome::not_possible) begin_grace();  // Ctrl-Break under Wine
    if (const auto event = std::exchange(waiting_event_, std::nullopt)) ask_to_end(*event);
}

void RunningProgram::terminate_tree() {
    if (parts_.kind == ProgramKind::console) terminate_job();
}

void RunningProgram::terminate_job() {
    grace_.stop();
    terminated_ = true;
    parts_.job.terminate(control_c_exit);
}

}  // namespace hostbridge
