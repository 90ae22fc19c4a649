// SPDX-License-Identifier: MIT
#include <exception>
#include <string>
#include <vector>

#include "init/command_line.h"
#include "init/init.h"
#include "init/messages.h"
#include "init/mode.h"
#include "init/rule_probe.h"
#include "interop/os/auxiliary_vector.h"
#include "interop/os/standard_descriptors.h"
#include "interop/session/run_program.h"

namespace {

constexpr int exit_bridge_failed = 125;

/// The kernel's arguments are [interpreter, path, the caller's argv[0], its arguments...].
int run_as_interpreter(std::vector<std::string> arguments, interop::UniqueFd program) {
    if (arguments.size() >= 4 && init::answer_probe(arguments[2], arguments[3])) return 0;
    interop::ProgramInvocation invocation;
    invocation.path = std::move(arguments[1]);
    invocation.argv0 = std::move(arguments[2]);
    arguments.erase(arguments.begin(), arguments.begin() + 3);
    invocation.arguments = std::move(arguments);
    invocation.program_fd = program.release();
    return interop::run_program(std::move(invocation));
}

int run(int argc, char** argv) {
    interop::UniqueFd program = interop::take_program_descriptor();
    interop::open_standard_descriptors();
    init::log_to_standard_error();
    const init::Mode mode = init::decide_mode(init::observe_start(argc, argv));
    switch (mode) {
        case init::Mode::interpreter: return run_as_interpreter({argv, argv + argc}, std::move(program));
        case init::Mode::command_line: return init::run_command_line(argc, argv);
        case init::Mode::container_init:
        case init::Mode::machine_init: break;
    }
    std::vector<std::string> words(argv, argv + argc);
    if (words.empty()) words.emplace_back("mzinit");
    return init::run_init(mode, words);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        init::warn_user(error.what());
    } catch (...) {
        init::warn_user("unknown failure");
    }
    return exit_bridge_failed;
}
