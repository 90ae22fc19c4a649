// SPDX-License-Identifier: MIT
#include "hostbridge/dos_runner_posix.h"

#include <limits.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "interop/image/identify.h"
#include "interop/route/exit_code.h"
#include "interop/route/runner_dos.h"
#include "interop/route/runner_search.h"

namespace hostbridge {
namespace {

/// A word of a runner's command for a path of any characters.
std::string quoted_word(const std::string& path) {
    std::string word;
    for (const char c : path) {
        if (c == '%') word += '%';
        word += c;
    }
    return word.find_first_of(" \t") == std::string::npos ? word : "\"" + word + "\"";
}

std::string own_path() {
    std::string path(PATH_MAX, '\0');
    const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
    path.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    // Removed, or replaced by a new version, or with a character that a command cannot quote: this always leads to us.
    const bool usable = interop::is_executable_file(path) && path.find('"') == std::string::npos;
    return usable ? path : "/proc/self/exe";
}

int complain(const std::string& program, const std::string& reason, int code) {
    const std::string name = program.substr(program.rfind('/') + 1);
    std::fprintf(stderr, "mzinit: %s: %s\n", name.c_str(), reason.c_str());
    return code;
}

[[noreturn]] void die_of(int signal_number) {
    ::prctl(PR_SET_DUMPABLE, 0);  // the crash was the program's
    ::signal(signal_number, SIG_DFL);
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, signal_number);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::raise(signal_number);
    ::_exit(128 + signal_number);
}

std::string search_path() {
    const char* path = std::getenv("PATH");
    return path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
}

}  // namespace

void set_dos_runner(interop::RunnerTable& runners, const std::string& search_path) {
    if (!interop::find_dos_emulator(interop::is_executable_file, search_path)) return;
    const auto set = runners.set("dos=" + quoted_word(own_path()) + " run-dos -- %p");
    CHECK(set.has_value());
}

int run_dos_command(const std::vector<std::string>& words) {
    interop::DosOptions options;
    std::size_t at = 0;
    if (at < words.size() && words[at] == "--line-ends=convert") {
        options.line_ends = interop::DosOptions::LineEnds::convert;
        ++at;
    }
    if (at + 1 >= words.size() || words[at] != "--") {
        std::fputs("hostbridge: usage: hostbridge run-dos [--line-ends=convert] -- PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    interop::LocalLaunch launch;
    launch.program = words[at + 1];
    launch.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(at) + 2, words.end());
    if (!launch.program.starts_with('/')) launch.program = "./" + launch.program;
    const auto emulator = interop::find_dos_emulator(interop::is_executable_file, search_path());
    if (!emulator) {
        return complain(launch.program, "no DOS emulator is installed here", interop::exit_code::bridge_failed);
    }
    const auto outcome = interop::run_dos_program(launch, *emulator, options);
    if (const auto* failure = std::get_if<interop::LocalFailure>(&outcome))
        return complain(launch.program, failure->reason, failure->exit_code);
    const auto& end = std::get<interop::LocalEnd>(outcome);
    if (end.signal != 0) die_of(end.signal);
    return end.message.empty() ? end.code : complain(launch.program, end.message, end.code);
}

}  // namespace hostbridge
