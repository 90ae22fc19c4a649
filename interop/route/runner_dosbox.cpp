// SPDX-License-Identifier: MIT
#include "interop/route/runner_dosbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "interop/route/exit_code.h"
#include "interop/route/runner_dos_channel.h"
#include "interop/route/runner_dos_directories.h"
#include "interop/route/runner_dos_streams.h"
#include "interop/route/runner_dosbox_channel.h"
#include "interop/route/runner_dosbox_directory.h"
#include "interop/route/runner_dosbox_launcher.h"
#include "interop/route/runner_dosbox_process.h"

extern char** environ;

namespace interop {
namespace {

using std::chrono::milliseconds;
using Op = DosRequest::Op;

// Long enough for DOSBox to write its files and close its window, short enough for one who waits for the prompt.
constexpr milliseconds ending_grace{1000};

// Of the directories behind the drives in the emulator: Y:, C: and D:.
constexpr int first_drive = dosbox_channel_descriptor + static_cast<int>(dosbox_channel_names.size());

std::string descriptor_path(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

LocalFailure failure_of(const proto::Error& error) { return {error.message(), exit_code::bridge_failed}; }

std::vector<std::string> emulator_environment(bool interactive) {
    std::vector<std::string> variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view variable(*entry);
        const bool driver = variable.starts_with("SDL_VIDEODRIVER=") || variable.starts_with("SDL_AUDIODRIVER=");
        if (interactive || !driver) variables.emplace_back(variable);
    }
    if (!interactive) {
        variables.emplace_back("SDL_VIDEODRIVER=dummy");
        variables.emplace_back("SDL_AUDIODRIVER=dummy");
    }
    return variables;
}

const char* text_of_dos_error(unsigned error) {
    switch (error) {
        case 2:
        case 3: return "DOS does not find it";
        case 5: return "DOS may not read it";
        case 8: return "it needs more memory than DOS has";
        case 11: return "DOS does not take it for a program";
        default: return "DOS cannot start it";
    }
}

/// One program in one DOSBox.
class DosboxRun {
  public:
    DosboxRun(const LocalLaunch& launch, const DosEmulator& emulator, const DosOptions& options)
        : launch_(launch),
          emulator_(emulator),
          options_(options),
          streams_(options.line_ends, [this](int fd, short events) { return process_.wait(fd, events); }),
          channel_(process_, [this](unsigned stream, std::string_view bytes) { return write_output(stream, bytes); }) {}

    LocalOutcome run();

  private:
    enum class Next { request, end };

    std::optional<LocalFailure> plan();
    proto::Result<void> start();
    void serve();
    Next serve_one();
    Next answer(const DosRequest& request, std::string_view data);
    Next use_stream(const DosRequest& request, std::string_view data);
    bool write_output(unsigned stream, std::string_view bytes);
    bool may_go_on(const DosStreams::Answer& answer);
    [[nodiscard]] DosOrder order() const;
    [[nodiscard]] bool has_program_open() const;
    void end_emulator();
    LocalOutcome outcome();

    const LocalLaunch& launch_;
    const DosEmulator& emulator_;
    const DosOptions& options_;
    DosboxProcess process_;
    DosStreams streams_;
    DosboxChannel channel_;

    std::string tail_;
    DosDrives drives_;
    struct stat program_ {};
    std::optional<DosboxDirectory> directory_;

    bool started_ = false;
    std::optional<unsigned> exit_;  // of INT 21h/4Dh
    std::optional<unsigned> failure_;
    int signal_ = 0;
};

std::optional<LocalFailure> DosboxRun::plan() {
    auto tail = dos_tail_of(launch_);
    if (auto* failure = std::get_if<LocalFailure>(&tail)) return std::move(*failure);
    tail_ = std::get<std::string>(std::move(tail));
    if (::access("/proc/self/fd", X_OK) != 0)
        return LocalFailure{"DOSBox needs /proc, which is not mounted", exit_code::bridge_failed};
    auto drives = find_dos_drives(launch_.program);
    if (!drives) return LocalFailure{drives.error().message(), exit_code::cannot_run};
    drives_ = std::move(*drives);
    if (::stat(launch_.program.c_str(), &program_) != 0)
        return LocalFailure{proto::errno_error(errno, "open " + launch_.program).message(), exit_code::cannot_run};
    const bool has_display = std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
    if (options_.interactive && !has_display) {
        return LocalFailure{"there is no display for its window (neither DISPLAY nor WAYLAND_DISPLAY is set)",
                            exit_code::cannot_run};
    }
    return std::nullopt;
}

proto::Result<void> DosboxRun::start() {
    auto directory = DosboxDirectory::make();
    if (!directory) return directory.error();
    directory_.emplace(std::move(*directory));
    const auto launcher = dosbox_launcher();
    const std::string program(launcher.begin(), launcher.end());
    const std::string configuration = dosbox_configuration(drives_, options_.interactive);
    if (auto added = directory_->add_file("RUN.COM", program); !added) return added;
    if (auto added = directory_->add_file("DOSBOX.CNF", configuration); !added) return added;
    if (auto added = directory_->add_link("PROGRAM.EXE", launch_.program); !added) return added;
    // DOSBox opens them as files; it refuses paths in /proc, but not links to there.
    for (std::size_t i = 0; i < dosbox_channel_names.size(); ++i) {
        const int descriptor = dosbox_channel_descriptor + static_cast<int>(i);
        auto added = directory_->add_link(dosbox_channel_names[i], descriptor_path(descriptor));
        if (!added) return added;
    }
    if (auto opened = channel_.open(); !opened) return opened;
    const auto ends = channel_.emulator_ends();
    std::vector<int> descriptors(ends.begin(), ends.end());
    std::vector<UniqueFd> directories;
    for (const std::string& path : {directory_->path(), drives_.c, drives_.d}) {
        if (path.empty()) continue;
        directories.emplace_back(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!directories.back()) return proto::errno_error(errno, "open " + path);
        descriptors.push_back(directories.back().get());
    }
    descriptors.push_back(directory_->descriptor_to_share());
    auto started =
        process_.start(emulator_.path, {emulator_.path, "-conf", descriptor_path(first_drive) + "/DOSBOX.CNF"},
                       emulator_environment(options_.interactive), descriptors);
    channel_.close_emulator_ends();
    return started;
}

DosOrder DosboxRun::order() const {
    DosOrder order;
    for (unsigned stream = 0; stream < 3; ++stream) order.information[stream] = streams_.information(stream);
    order.takes_streams = !options_.interactive;
    order.input_echoes = streams_.input_is_terminal();
    order.drive = drives_.current;
    order.size =
        static_cast<std::uint32_t>(std::min<off_t>(program_.st_size, std::numeric_limits<std::uint32_t>::max()));
    order.working_directory = drives_.working_directory;
    const std::string name = launch_.program.substr(launch_.program.rfind('/') + 1);
    if (is_short_name(name)) order.program = drives_.program_directory + dos_upper_case(name);
    order.pattern = drives_.program_directory + "*.*";
    order.substitute = "Y:\\PROGRAM.EXE";
    order.tail = tail_;
    return order;
}

bool DosboxRun::has_program_open() const {
    const std::string path = "/proc/" + std::to_string(process_.pid()) + "/fd";
    DIR* entries = ::opendir(path.c_str());
    if (entries == nullptr) return false;
    bool found = false;
    while (const dirent* entry = ::readdir(entries)) {
        struct stat status {};
        found = found || (::fstatat(::dirfd(entries), entry->d_name, &status, 0) == 0 &&
                          status.st_dev == program_.st_dev && status.st_ino == program_.st_ino);
    }
    ::closedir(entries);
    return found;
}

bool DosboxRun::may_go_on(const DosStreams::Answer& answer) {
    if (!answer.reader_gone || process_.sigpipe_was_ignored()) return true;
    signal_ = SIGPIPE;
    return false;
}

bool DosboxRun::write_output(unsigned stream, std::string_view bytes) {
    const auto answer = streams_.serve({.op = Op::write, .stream = stream}, bytes);
    return answer && may_go_on(*answer);
}

DosboxRun::Next DosboxRun::use_stream(const DosRequest& request, std::string_view data) {
    const auto answer = streams_.serve(request, data);
    if (!answer || !may_go_on(*answer)) return Next::end;
    const auto head = encode_dos_reply(answer->reply);
    return channel_.send(std::string(head.data(), head.size()) + answer->data) ? Next::request : Next::end;
}

DosboxRun::Next DosboxRun::answer(const DosRequest& request, std::string_view data) {
    // What was written before it comes before it; the launcher has seen to that it is there.
    if (!channel_.take_output()) return Next::end;
    DosReply reply;
    std::string more;
    switch (request.op) {
        case Op::hello:
            more = encode_dos_order(order());
            reply.result = static_cast<unsigned>(more.size());
            break;
        case Op::identify: reply.result = has_program_open() ? 1 : 0; break;
        case Op::starting:
            started_ = true;
            // All that DOSBox needs of it is open, unless the program is known by its link only.
            if (request.stream == 0) directory_->remove();
            break;
        case Op::failed: failure_ = request.count; break;
        case Op::exited: exit_ = request.count; break;
        case Op::read:
        case Op::write:
        case Op::ready:
        case Op::seek: return use_stream(request, data);
    }
    const auto head = encode_dos_reply(reply);
    if (!channel_.send(std::string(head.data(), head.size()) + more)) return Next::end;
    return exit_ || failure_ ? Next::end : Next::request;
}

DosboxRun::Next DosboxRun::serve_one() {
    const auto bytes = channel_.receive(dos_message_size);
    if (!bytes) return Next::end;
    const auto request = decode_dos_request(std::span<const char, dos_message_size>(bytes->data(), dos_message_size));
    if (!request) return Next::end;
    if (request->op != Op::write) return answer(*request, {});
    const auto data = channel_.receive(request->count);
    return data ? answer(*request, *data) : Next::end;
}

void DosboxRun::serve() {
    while (serve_one() == Next::request) {
    }
    end_emulator();
    if (!options_.interactive) streams_.finish();
}

void DosboxRun::end_emulator() {
    constexpr unsigned stays_resident = 3;
    if (!started_) return process_.finish({});  // behind its welcome screen it is deaf to signals
    if (exit_ && !options_.interactive && *exit_ >> 8 != stays_resident)
        return process_.finish({});  // its files are closed
    // The launcher reads the end of the file from now on, instead of waiting for us where DOSBox sees no signal.
    channel_.close_replies();
    if (!exit_ && !failure_) process_.ask_to_end();
    process_.finish(ending_grace);
}

LocalOutcome DosboxRun::outcome() {
    constexpr unsigned by_control_c = 1;
    constexpr unsigned by_critical_error = 2;
    if (failure_) return LocalFailure{text_of_dos_error(*failure_), exit_code::cannot_run};
    if (exit_) {
        const unsigned kind = *exit_ >> 8;
        if (kind == by_control_c) return LocalEnd{.signal = SIGINT};
        const int code = static_cast<int>(*exit_ & 0xFF);
        return LocalEnd{.code = kind == by_critical_error && code == 0 ? 1 : code};
    }
    if (signal_ != 0) return LocalEnd{.signal = signal_};
    if (process_.ending_signal() != 0) return LocalEnd{.signal = process_.ending_signal()};
    const int status = process_.status();
    if (started_ && options_.interactive && WIFEXITED(status))
        return LocalEnd{.signal = SIGHUP};  // its window was closed
    const std::string how = WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status))
                                                : "ended with " + std::to_string(WEXITSTATUS(status));
    if (!started_) {
        return LocalFailure{emulator_.path + " " + how + " before it started anything", exit_code::bridge_failed};
    }
    return LocalEnd{.code = exit_code::bridge_failed, .message = "DOSBox " + how + " before the program did"};
}

LocalOutcome DosboxRun::run() {
    if (auto failure = plan()) return *failure;
    if (auto started = start(); !started) return failure_of(started.error());
    serve();
    return outcome();
}

}  // namespace

std::string dosbox_configuration(const DosDrives& drives, bool interactive) {
    std::string text =
        "[cpu]\ncycles=max\n"
        "[sdl]\npriority=normal,normal\n";
    text += interactive ? ""
                        : "[mixer]\nnosound=true\n"
                          "[midi]\nmpu401=none\nmididevice=none\n"
                          "[sblaster]\nsbtype=none\noplmode=none\n"
                          "[speaker]\npcspeaker=false\ntandy=off\ndisney=false\n"
                          "[joystick]\njoysticktype=none\n";
    text +=
        "[serial]\nserial1=disabled\nserial2=disabled\nserial3=disabled\nserial4=disabled\n"
        "[ipx]\nipx=false\n"
        "[autoexec]\n"
        "@echo off\n"
        "mount y " +
        descriptor_path(first_drive) + "\n" + "mount c " + descriptor_path(first_drive + 1) + "\n";
    if (!drives.d.empty()) text += "mount d " + descriptor_path(first_drive + 2) + "\n";
    text +=
        "config -securemode\n"
        "y:\\run.com\n"
        "exit\n";
    return text;
}

LocalOutcome run_in_dosbox(const LocalLaunch& launch, const DosEmulator& emulator, const DosOptions& options) {
    return DosboxRun(launch, emulator, options).run();
}

}  // namespace interop
