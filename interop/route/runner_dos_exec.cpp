// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_exec.h"

#include "interop/route/exec_in_place.h"
#include "interop/route/exit_code.h"
#include "interop/route/runner_dos_directories.h"

namespace interop {
namespace {

/// Without the blank that separates it from the program's name.
std::string arguments_of(const std::string& tail) { return tail.empty() ? "" : tail.substr(1); }

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

DosCommand dosemu2_command(const std::string& path, const std::string& program, const std::string& tail,
                           bool interactive) {
    std::string name = base_name(program);
    if (name.find(' ') != std::string::npos) name = "\"" + name + "\"";
    const std::size_t slash = program.rfind('/');
    DosCommand command{.words = {path}, .environment = {}};
    // Plain output and input instead of a screen, and nothing of the DOS that boots.
    if (!interactive) command.words.insert(command.words.end(), {"-dumb", "-q"});
    command.words.insert(command.words.end(), {"-K", program.substr(0, slash == 0 ? 1 : slash), "-E", name + tail});
    return command;
}

DosCommand emu2_command(const std::string& path, const std::string& program, const DosDrives& drives,
                        const std::string& tail) {
    DosCommand command{.words = {path, program}, .environment = {}};
    if (!tail.empty()) command.words.push_back(arguments_of(tail));
    command.environment = {{"EMU2_DRIVE_C", drives.c},
                           {"EMU2_DEFAULT_DRIVE", std::string(1, drives.current)},
                           {"EMU2_CWD", drives.current + (":" + drives.working_directory)}};
    if (!drives.d.empty()) command.environment.emplace_back("EMU2_DRIVE_D", drives.d);
    const std::string name = base_name(program);
    if (is_short_name(name))
        command.environment.emplace_back("EMU2_PROGNAME", drives.program_directory + dos_upper_case(name));
    return command;
}

}  // namespace

DosCommand dos_command(const DosEmulator& emulator, const std::string& program, const DosDrives& drives,
                       const std::string& tail, bool interactive) {
    if (emulator.kind == DosEmulator::Kind::emu2) return emu2_command(emulator.path, program, drives, tail);
    return dosemu2_command(emulator.path, program, tail, interactive);
}

LocalFailure exec_dos_emulator(const LocalLaunch& launch, const DosEmulator& emulator, const DosOptions& options) {
    const auto tail = dos_tail_of(launch);
    if (const auto* failure = std::get_if<LocalFailure>(&tail)) return *failure;
    const auto& arguments = std::get<std::string>(tail);
    // It would take what follows for variables.
    if (emulator.kind == DosEmulator::Kind::emu2 && arguments == " --")
        return {"emu2 cannot pass a single argument --", exit_code::cannot_run};
    const auto drives = find_dos_drives(launch.program);
    if (!drives) return {drives.error().message(), exit_code::cannot_run};
    const DosCommand command = dos_command(emulator, launch.program, *drives, arguments, options.interactive);
    NextEnvironment environment(launch.depth);
    for (const auto& [name, value] : command.environment) environment.set(name, value);
    return exec_in_place(emulator.path, command.words, environment);
}

}  // namespace interop
