// SPDX-License-Identifier: MIT
#include "interop/session/launch_request.h"

#include <cstdlib>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <fcntl.h>
#include <unistd.h>

#include "interop/session/caller_terminal.h"
#include "interop/session/guest_paths.h"
#include "interop/session/terminal_choice.h"
#include "interop/text/command_line.h"
#include "interop/text/path_map.h"
#include "interop/text/printable.h"
#include "proto/wire/utf8_text.h"

extern char** environ;

namespace interop {
namespace {

using mzinit::v1::Launch;

/// Empty unless it is UTF-8, as the message's strings must be; the host then has to do without it.
std::string utf8_or_empty(std::string text) { return proto::to_utf8_text(text) == text ? text : std::string(); }

bool debugging_is_wanted() {
    const char* value = std::getenv("MZINIT_DEBUG");
    return value != nullptr && std::string_view(value) == "1";
}

WslenvSelection select_environment(const PathMap& paths) {
    const char* wslenv = std::getenv("WSLENV");
    if (wslenv == nullptr || *wslenv == '\0') return {};
    // getenv() looks through all of them for each name.
    std::unordered_map<std::string_view, std::string_view> variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    const auto look_up = [&variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
    return select_for_windows(wslenv, look_up, paths);
}

void add_environment(Launch& launch, const WslenvSelection& selection, PathLists lists) {
    std::unordered_set<std::string_view> sent_as_lists;
    if (lists == PathLists::for_agent) {
        for (const auto& [name, paths] : selection.path_lists) {
            auto& variable = *launch.add_environment();
            variable.set_name(name);
            for (const SelectedPath& selected : paths) {
                auto& path = *variable.add_paths();
                path.set_guest(selected.guest);
                path.set_host(selected.host);
            }
            sent_as_lists.insert(name);
        }
    }
    for (const auto& [name, value] : selection.overlay) {
        if (sent_as_lists.contains(name)) continue;
        auto& variable = *launch.add_environment();
        variable.set_name(name);
        variable.set_value(value);
    }
    if (!debugging_is_wanted()) return;
    for (const std::string& warning : selection.warnings) {
        dprintf(STDERR_FILENO, "mzinit: WSLENV: %s\n", printable_line(warning).c_str());
    }
}

void add_terminal(Launch& launch, PtyMode mode) {
    launch.set_terminal_streams(choose_terminal_streams(mode, observe_stream_terminals()));
    if (launch.terminal_streams() == 0) return;
    const winsize size = caller_terminal_size();
    launch.mutable_terminal()->set_rows(size.ws_row);
    launch.mutable_terminal()->set_columns(size.ws_col);
    if (const char* name = std::getenv("TERM")) launch.mutable_terminal()->set_name(utf8_or_empty(name));
}

void add_descriptors(LaunchRequest& request, const ProgramFile& program) {
    const auto add = [&request](mzinit::v1::Descriptor role, int fd) {
        request.launch.add_descriptors(role);
        request.descriptors.push_back(fd);
    };
    if (program.fd) add(mzinit::v1::DESCRIPTOR_PROGRAM, program.fd.get());
    request.working_directory = UniqueFd(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (request.working_directory) add(mzinit::v1::DESCRIPTOR_WORKING_DIRECTORY, request.working_directory.get());
    if (request.launch.detach()) return;
    const mzinit::v1::Descriptor roles[] = {mzinit::v1::DESCRIPTOR_STDIN, mzinit::v1::DESCRIPTOR_STDOUT,
                                            mzinit::v1::DESCRIPTOR_STDERR};
    for (int fd = 0; fd < 3; ++fd) {
        // A process of another session would steal the shell's input from a terminal, and nothing would stop it.
        const bool is_of_terminal_session = (request.launch.terminal_streams() & 1u << fd) != 0;
        const bool is_converted = fd != STDIN_FILENO && request.text;
        if (!is_of_terminal_session && !is_converted && isatty(fd) != 1) add(roles[fd], fd);
    }
}

}  // namespace

LaunchRequest make_launch_request(const ProgramInvocation& invocation, const ProgramFile& program,
                                  const Configuration& configuration, unsigned depth) {
    LaunchRequest request;
    Launch& launch = request.launch;
    const PathMap paths = guest_path_map(configuration);
    if (invocation.is_host_name) {
        launch.set_host_name(utf8_or_empty(invocation.path));
    } else {
        launch.set_program(program.absolute_path);
        launch.set_host_program(utf8_or_empty(paths.guest_to_host(program.absolute_path).value_or("")));
        launch.set_program_size(program.size);
        launch.set_program_head_sha256(program.head_digest.data(), program.head_digest.size());
    }
    launch.add_argv(windows_argv0(invocation.path, invocation.argv0));
    if (invocation.raw_arguments) {
        launch.set_has_raw_command_tail(true);
        launch.set_raw_command_tail(raw_command_tail(invocation.arguments));
    } else {
        for (const std::string& argument : invocation.arguments) launch.add_argv(argument);
    }
    launch.set_working_directory(working_directory());
    launch.set_host_working_directory(utf8_or_empty(paths.guest_to_host(launch.working_directory()).value_or("")));
    launch.set_depth(depth);
    request.environment = select_environment(paths);
    launch.set_detach(invocation.detach);
    if (!invocation.detach) {
        const std::string& path = invocation.is_host_name ? invocation.path : program.absolute_path;
        add_terminal(launch, invocation.pty.value_or(configuration.terminal.mode_for(path)));
        request.text = configuration.text.encoding_for(path, invocation.text);
    }
    return request;
}

void complete_launch_request(LaunchRequest& request, const ProgramFile& program, Passing passing, PathLists lists) {
    add_environment(request.launch, request.environment, lists);
    if (passing == Passing::descriptors) add_descriptors(request, program);
}

}  // namespace interop
