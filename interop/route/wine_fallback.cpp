// SPDX-License-Identifier: MIT
#include "interop/route/wine_fallback.h"

#include <array>
#include <cerrno>
#include <climits>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/route/exec_in_place.h"
#include "interop/route/exit_code.h"
#include "interop/route/runner_wine.h"
#include "interop/route/runner_wine_addresses.h"
#include "interop/route/runner_wine_batch.h"
#include "interop/route/runner_wine_directory.h"
#include "interop/route/runner_wine_drives.h"
#include "interop/text/command_line.h"
#include "interop/text/windows_file_name.h"
#include "interop/text/printable.h"

namespace interop {
namespace {

std::optional<uid_t> owner_of(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? std::optional(status.st_uid) : std::nullopt;
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Wine takes .NET programs, and where it has nothing to run them with it ends with 255 and without a word.
bool has_dotnet(const std::string& prefix) {
    constexpr std::array shared{"/usr/share/wine/mono", "/opt/wine-stable/share/wine/mono",
                                "/opt/wine-staging/share/wine/mono"};
    for (const char* place : shared) {
        if (exists(place)) return true;
    }
    const std::string windows = prefix + "/drive_c/windows";
    return exists(windows + "/mono") || exists(windows + "/Microsoft.NET/Framework64/v4.0.30319/mscorlib.dll") ||
           exists(windows + "/Microsoft.NET/Framework/v4.0.30319/mscorlib.dll");
}

/// The server must not be a child of the program: it would hold the program's streams after its end.
proto::Result<void> prepare_server(const std::string& wine, const std::string& prefix,
                                   const NextEnvironment& environment) {
    if (wine_server_runs(prefix, [&](std::string_view name) { return environment.get(name); })) return {};
    if (!exists(prefix + "/system.reg") && isatty(STDERR_FILENO) == 1) {
        dprintf(STDERR_FILENO, "mzinit: making Wine's prefix %s, once\n", printable_line(prefix).c_str());
    }
    return start_wine_server(wine, environment.variables());
}

/// The object is for 64-bit processes: the loader would complain in others.
void preload(const std::string& exit_object, const std::string& program, NextEnvironment& environment) {
    if (exit_object.empty() || access(exit_object.c_str(), R_OK) != 0) return;
    const auto others = environment.get("LD_PRELOAD");
    environment.set("LD_PRELOAD", others && !others->empty() ? exit_object + ":" + *others : exit_object);
    const std::string name = printable_line(program.substr(program.rfind('/') + 1));
    environment.set("MZINIT_EXIT_REPORT", std::to_string(getpid()) + ":end:" + name);
}

using Words = std::vector<std::string>;

proto::Result<Words> words_for_program(const LocalLaunch& launch) {
    if (auto checked = check_wine_command_line(launch.program, launch.arguments); !checked) return checked.error();
    if (!names_same_file_for_wine(launch.program)) {
        return proto::stated_error(
            "for Wine this is the path of another file, or of none "
            "(a backslash, a character that Windows forbids, or a dot or blank at the end of a name)");
    }
    Words words{launch.program};
    words.insert(words.end(), launch.arguments.begin(), launch.arguments.end());
    return words;
}

proto::Result<Words> words_for_batch_file(const LocalLaunch& launch, NextEnvironment& environment) {
    const VariableLookup lookup = [&](std::string_view name) { return environment.get(name); };
    auto batch = prepare_wine_batch(launch.program, launch.arguments, find_wine_drives(wine_prefix(lookup)),
                                    has_utf8_locale(lookup));
    if (!batch) return batch.error();
    environment.remove_ignoring_case(batch->variable);
    environment.set(batch->variable, batch->command);
    Words words{wine_cmd};
    words.insert(words.end(), batch->words.begin(), batch->words.end());
    return words;
}

// In another directory the program would not find what its arguments name.
bool is_directory_unusable(const VariableLookup& lookup) {
    std::array<char, PATH_MAX> path{};
    if (getcwd(path.data(), path.size()) == nullptr) return errno == ERANGE || errno == ENAMETOOLONG;
    return !wine_can_start_in(path.data(), lookup);
}

LocalFailure refusal(const proto::Error& error) {
    const bool too_long = error.code == make_error_code(CommandLineFault::too_long);
    return {too_long ? "argument list too long" : error.message(), exit_code::cannot_run};
}

}  // namespace

LocalFailure exec_wine(const LocalLaunch& launch, const WineInstallation& wine, const std::string& exit_object) {
    NextEnvironment environment(launch.depth);
    const VariableLookup lookup = [&](std::string_view name) { return environment.get(name); };
    auto words =
        launch.image.kind == ImageKind::batch ? words_for_batch_file(launch, environment) : words_for_program(launch);
    if (!words) return refusal(words.error());
    if (std::string problem = wine_prefix_problem(lookup, geteuid(), owner_of); !problem.empty()) {
        return {std::move(problem), exit_code::cannot_run};
    }
    if (is_directory_unusable(lookup)) {
        return {
            "Wine cannot use the working directory's name (it has more than 258 characters with its drive, a "
            "backslash, or "
            "a dot or blank at the end)",
            exit_code::cannot_run};
    }
    for (const auto& [name, value] : wine_environment(lookup)) environment.set(name, value);
    const bool is_64_bit = !needs_32_bit_wine(launch.image);
    const std::string& starter = is_64_bit && !wine.starter_64.empty() ? wine.starter_64 : wine.starter;
    const std::string prefix = wine_prefix(lookup);
    if (auto prepared = prepare_server(starter, prefix, environment); !prepared) {
        return {prepared.error().message(), exit_code::bridge_failed};
    }
    if (launch.image.managed != Managed::none && !has_dotnet(prefix)) {
        return {"Wine has nothing to run .NET programs with (Wine Mono is not installed)", exit_code::cannot_run};
    }
    const bool starts_64_bit = is_64_bit && (!wine.runs_32_bit || starter == wine.starter_64);
    if (starts_64_bit) preload(exit_object, launch.program, environment);
    words->insert(words->begin(), starter);
    const WineAddresses addresses;
    return exec_in_place(starter, *words, environment);
}

}  // namespace interop
