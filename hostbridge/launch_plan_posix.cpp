// SPDX-License-Identifier: MIT
#include "hostbridge/launch_plan_posix.h"

#include <algorithm>

#include "interop/route/runner_search.h"
#include "interop/route/runner_wine_batch.h"
#include "interop/route/runner_wine_directory.h"
#include "interop/route/runner_wine_drives.h"
#include "interop/text/command_line.h"
#include "interop/text/environment.h"
#include "interop/text/path_map.h"
#include "interop/text/windows_file_name.h"
#include "proto/base/ascii_case.h"

namespace hostbridge {
namespace {

bool names(std::string_view variable, std::string_view name) {
    return variable.size() > name.size() && variable[name.size()] == '=' && variable.starts_with(name);
}

LaunchFailure argument_failure(const proto::Error& error) {
    const bool too_long = error.code == make_error_code(interop::CommandLineFault::too_long);
    return {too_long ? mzinit::v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG : mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED, 0,
            too_long ? "argument list too long" : error.message()};
}

/// `words` is the runner's command for cmd.exe. After everything else that `environment` gets.
std::optional<LaunchFailure> plan_wine_batch(const ProcessRequest& request, const std::vector<std::string>& arguments,
                                             std::vector<std::string>& words, Environment& environment) {
    const auto drives = interop::find_wine_drives(interop::wine_prefix(environment.lookup()));
    auto batch =
        interop::prepare_wine_batch(request.program, arguments, drives, interop::has_utf8_locale(environment.lookup()));
    if (!batch) return argument_failure(batch.error());
    words.insert(words.end(), batch->words.begin(), batch->words.end());
    environment.overlay_ignoring_case(batch->variable, batch->command);
    return std::nullopt;
}

/// Wine cannot start programs in every directory, and may end without a word.
std::optional<LaunchFailure> find_directory_for_wine(const ProcessRequest& request, LaunchPlan& plan,
                                                     Environment& environment) {
    const bool has_name = !request.working_directory.empty();
    if (has_name && interop::wine_can_start_in(request.working_directory, environment.lookup())) return std::nullopt;
    if (request.fallback_directory.empty()) {
        return LaunchFailure{mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY, 0,
                             has_name ? "Wine cannot use the name of the working directory, and the agent has no "
                                        "--fallback-dir"
                                      : "the host has no name for the working directory, which Wine needs, and the "
                                        "agent has no --fallback-dir"};
    }
    plan.working_directory = request.fallback_directory;
    plan.uses_passed_directory = false;
    environment.overlay_ignoring_case("MZINIT_CWD", request.guest_working_directory);
    return std::nullopt;
}

/// What Wine's programs call a file of this system; as it is if it is no absolute path of it.
PathConversion wine_paths(const Environment& environment) {
    interop::PathMap map(interop::PathFlavour::windows);
    for (const auto& drive : interop::find_wine_drives(interop::wine_prefix(environment.lookup())))
        static_cast<void>(map.add({drive.directory, std::string{drive.letter, ':', '\\'}}));
    return [map = std::move(map)](const std::string& path) {
        return path.starts_with('/') ? map.guest_to_host(path) : std::optional(path);
    };
}

/// `environment` has all else already, and so the prefix whose drives decide what paths are called.
interop::EnvironmentOverlay path_lists_of(const ProcessRequest& request, bool uses_wine,
                                          const Environment& environment) {
    if (request.path_lists.empty()) return {};
    if (!uses_wine) return with_path_lists({}, request.path_lists);
    return with_path_lists({}, request.path_lists, wine_paths(environment));
}

}  // namespace

Environment::Environment(const char* const* variables) {
    for (; variables != nullptr && *variables != nullptr; ++variables) variables_.emplace_back(*variables);
}

void Environment::overlay(std::string_view name, std::string_view value) {
    std::erase_if(variables_, [&](const std::string& variable) { return names(variable, name); });
    if (!value.empty()) variables_.push_back(std::string(name) + "=" + std::string(value));
}

void Environment::overlay_ignoring_case(std::string_view name, std::string_view value) {
    std::erase_if(variables_, [&](std::string_view variable) {
        return proto::equals_ignoring_case(variable.substr(0, variable.find('=')), name);
    });
    overlay(name, value);
}

void Environment::merge(const interop::EnvironmentOverlay& overlay, interop::NameCase name_case) {
    variables_ = interop::merge_environment(variables_, overlay, name_case);
}

std::optional<std::string> Environment::get(std::string_view name) const {
    const auto found =
        std::ranges::find_if(variables_, [&](const std::string& variable) { return names(variable, name); });
    if (found == variables_.end()) return std::nullopt;
    return found->substr(name.size() + 1);
}

interop::VariableLookup Environment::lookup() const {
    return [this](std::string_view name) { return get(name); };
}

std::optional<std::string> find_executable(const std::string& name, std::string_view search_path) {
    if (name.find('/') != std::string::npos) {
        if (interop::is_executable_file(name)) return name;
        return std::nullopt;
    }
    while (true) {
        const auto colon = search_path.find(':');
        const std::string_view directory = search_path.substr(0, colon);
        std::string candidate = (directory.empty() ? "." : std::string(directory)) + "/" + name;
        if (interop::is_executable_file(candidate)) return candidate;
        if (colon == std::string_view::npos) return std::nullopt;
        search_path.remove_prefix(colon + 1);
    }
}

std::vector<std::pair<std::string, std::string>> available_runners(const interop::RunnerTable& runners,
                                                                   const interop::WineInstallation& wine,
                                                                   std::string_view search_path) {
    std::vector<std::pair<std::string, std::string>> available;
    for (const auto& [kind, command] : runners.commands()) {
        const auto words = interop::expand_command(command, {});
        if (!words || !find_executable(words->front(), search_path)) continue;
        const bool needs_32_bit = kind == "pe32" || kind == "win16";
        if (interop::is_wine(words->front()) && needs_32_bit && !wine.runs_32_bit) continue;
        available.emplace_back(kind, command);
    }
    return available;
}

std::variant<LaunchPlan, LaunchFailure> plan_launch(const ProcessRequest& request, const interop::RunnerTable& runners,
                                                    Environment environment) {
    const std::string* command = runners.find(request.image);
    CHECK(command != nullptr);  // refusal() was asked before
    auto words = interop::expand_command(*command, request.program);
    CHECK(words.has_value());  // checked when it was configured
    LaunchPlan plan;
    plan.working_directory = request.working_directory;
    plan.uses_passed_directory = request.passed_working_directory >= 0;
    plan.uses_wine = interop::is_wine(words->front());
    const bool is_wine_batch = plan.uses_wine && request.image.kind == interop::ImageKind::batch;
    if (is_wine_batch) words = interop::expand_command(*command, interop::wine_cmd);
    // The runner is the agent's choice: the guest's PATH does not decide what it is.
    const auto executable =
        find_executable(words->front(), environment.get("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
    if (!executable) {
        return LaunchFailure{mzinit::v1::LAUNCH_ERROR_WRONG_MACHINE, ENOENT,
                             "its runner \"" + words->front() + "\" is not installed on the host"};
    }
    plan.path = *executable;
    const std::vector<std::string> arguments(request.argv.begin() + (request.argv.empty() ? 0 : 1), request.argv.end());
    if (plan.uses_wine && !is_wine_batch) {
        if (auto checked = interop::check_wine_command_line(request.program, arguments); !checked)
            return argument_failure(checked.error());
        // The policy, and who compared its contents, had this one.
        if (!interop::names_same_file_for_wine(request.program)) {
            return LaunchFailure{
                mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, 0,
                "for the host's Wine this is the path of another file, or of none "
                "(a backslash, a character that Windows forbids, or a dot or blank at the end of a name)"};
        }
    }
    if (request.terminal && !request.terminal->name.empty()) environment.overlay("TERM", request.terminal->name);
    const auto name_case = plan.uses_wine ? interop::NameCase::ignored : interop::NameCase::distinguished;
    environment.merge(request.environment, name_case);
    const interop::EnvironmentOverlay lists = path_lists_of(request, plan.uses_wine, environment);
    if (!lists.empty()) environment.merge(lists, name_case);
    if (plan.uses_wine) {
        for (const auto* variables : {&request.environment, &lists}) {
            if (auto checked = interop::check_variable_lengths(*variables); !checked)
                return LaunchFailure{mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED, 0, checked.error().doing};
        }
    }
    // What Wine itself reads, and mzinit, has to be spelled as they do.
    const std::string depth = std::to_string(request.depth + 1);
    if (plan.uses_wine) {
        environment.overlay_ignoring_case("MZINIT_DEPTH", depth);
        for (const auto& [name, value] : interop::wine_environment(environment.lookup()))
            environment.overlay_ignoring_case(name, value);
        if (auto refused = find_directory_for_wine(request, plan, environment)) return std::move(*refused);
    } else {
        environment.overlay("MZINIT_DEPTH", depth);
    }
    if (is_wine_batch) {
        if (auto refused = plan_wine_batch(request, arguments, *words, environment)) return std::move(*refused);
    } else {
        words->insert(words->end(), arguments.begin(), arguments.end());
    }
    plan.argv = std::move(*words);
    plan.environment = std::move(environment);
    return plan;
}

}  // namespace hostbridge
