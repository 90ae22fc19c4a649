// SPDX-License-Identifier: MIT
#include "interop/route/wine_fallback.h"

#include <cerrno>
#include <cstdlib>

#include <stdio.h>
#include <unistd.h>

#include "interop/route/exit_code.h"
#include "interop/route/runner.h"
#include "interop/route/runner_wine.h"
#include "interop/text/command_line.h"

extern char** environ;

namespace interop {
namespace {

std::optional<std::string> variable(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::string> current_environment() {
    std::vector<std::string> variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        variables.emplace_back(*entry);
    }
    return variables;
}

/// The server must not be a child of the program: it would hold the program's streams after its end.
proto::Result<void> prepare_server(const std::string& wine) {
    const std::string prefix = wine_prefix(variable);
    if (prefix.empty())
        return proto::errno_error(ENOENT, "find a place for Wine's prefix (neither WINEPREFIX nor HOME is set)");
    if (wine_server_runs(prefix, variable)) return {};
    const bool is_new = access((prefix + "/system.reg").c_str(), F_OK) != 0;
    if (is_new && isatty(STDERR_FILENO) == 1) {
        dprintf(STDERR_FILENO, "mzinit: making Wine's prefix %s, once\n", prefix.c_str());
    }
    return start_wine_server(wine, current_environment());
}

}  // namespace

FallbackFailure exec_wine(const ImageDescription& image, const std::string& program,
                          const std::vector<std::string>& arguments, unsigned depth) {
    const auto exists = [](const std::string& path) { return access(path.c_str(), X_OK) == 0; };
    const WineInstallation installed = find_wine(exists, variable("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
    if (!installed.runs_64_bit && !installed.runs_32_bit) return {"Wine is not installed", exit_code::bridge_failed};
    const RunnerTable table = RunnerTable::with_defaults();
    if (const auto refusal = runner_refusal(image, table, installed)) return {refusal->text, exit_code::cannot_run};
    if (auto checked = check_wine_command_line(program, arguments); !checked) {
        const bool too_long = checked.error().code == make_error_code(CommandLineFault::too_long);
        return {too_long ? "argument list too long" : checked.error().message(), exit_code::cannot_run};
    }
    for (const auto& [name, value] : wine_environment(variable)) {
        setenv(name.c_str(), value.c_str(), 1);
    }
    setenv("MZINIT_DEPTH", std::to_string(depth).c_str(), 1);
    const auto command = expand_command(*table.find(image), program);
    if (!command) return {command.error().message(), exit_code::bridge_failed};
    if (auto prepared = prepare_server(command->front()); !prepared)
        return {prepared.error().message(), exit_code::bridge_failed};
    std::vector<char*> argv;
    for (const std::vector<std::string>* words : {&*command, &arguments}) {
        for (const std::string& word : *words) {
            argv.push_back(const_cast<char*>(word.c_str()));
        }
    }
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    const int problem = errno;
    if (problem == E2BIG) return {"argument list too long", exit_code::cannot_run};
    return {proto::errno_error(problem, "start " + command->front()).message(), exit_code::bridge_failed};
}

}  // namespace interop
