// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hostbridge/process_launcher.h"
#include "interop/route/runner.h"
#include "interop/route/runner_wine.h"
#include "interop/text/environment.h"

namespace hostbridge {

/// "NAME=value" strings; the order is kept, names are unique.
class Environment {
  public:
    Environment() = default;
    /// From an environ array; null is an empty one.
    explicit Environment(const char* const* variables);

    /// Sets a variable; an empty value removes it.
    void overlay(std::string_view name, std::string_view value);
    /// The same, in the place of all whose names are the same but for case: for a variable that programs for Windows get, too.
    void overlay_ignoring_case(std::string_view name, std::string_view value);
    /// Lays several over it.
    void merge(const interop::EnvironmentOverlay& overlay, interop::NameCase name_case);
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
    [[nodiscard]] const std::vector<std::string>& variables() const { return variables_; }
    [[nodiscard]] interop::VariableLookup lookup() const;

  private:
    std::vector<std::string> variables_;
};

/// What execve() will be given.
struct LaunchPlan {
    std::string path;  ///< The runner's executable.
    std::vector<std::string> argv;
    Environment environment;
    std::string working_directory;
    bool uses_passed_directory = false;  ///< That descriptor wins over working_directory.
    bool uses_wine = false;
};

/// Turns `request` into the command that runs it: its runner, found on the PATH of `environment`, the program and its
/// arguments. `environment` is the agent's own.
std::variant<LaunchPlan, LaunchFailure> plan_launch(const ProcessRequest& request, const interop::RunnerTable& runners,
                                                    Environment environment);

/// The kinds and commands of `runners` whose program is there on `search_path`, Wine with what the kind needs of it.
std::vector<std::pair<std::string, std::string>> available_runners(const interop::RunnerTable& runners,
                                                                   const interop::WineInstallation& wine,
                                                                   std::string_view search_path);

/// The first executable file of that name on `search_path`; `name` itself if it holds a slash.
std::optional<std::string> find_executable(const std::string& name, std::string_view search_path);

}  // namespace hostbridge
