// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interop/route/runner.h"

namespace interop {

/// Whether the first word of a runner's command is Wine's own starter: "wine", "wine64", "/opt/x/bin/wine-stable".
bool is_wine(std::string_view program);

/// Looks for Wine's loaders where distributions put them. `exists` answers for a path; `search_path` is a PATH.
WineInstallation find_wine(const std::function<bool(const std::string& path)>& exists, std::string_view search_path);

/// Whether Wine can make a command line for `program` (a path of ours) of `arguments`. It would end with 1, and
/// without a word, where that gets too long. An Error is a CommandLineFault and names the argument.
proto::Result<void> check_wine_command_line(const std::string& program, const std::vector<std::string>& arguments);

/// Answers for a variable of some environment; nothing if it is not set.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// What a Wine program's environment needs beyond what is set: no debug output, no winedbg (which can hang
/// after a crash), unless the user has decided otherwise.
std::vector<std::pair<std::string, std::string>> wine_environment(const VariableLookup& lookup);

/// The prefix that Wine uses with this environment; empty if it has none.
std::string wine_prefix(const VariableLookup& lookup);

/// Why Wine cannot or should not use the prefix of this environment, for a process of `user`: a sentence; empty if it can.
/// Wine refuses prefixes of other users; and root with the HOME of another user, as after sudo, would leave that user
/// a prefix that he cannot use. `owner_of` says whose a path is, nothing if it is not there.
std::string wine_prefix_problem(const VariableLookup& lookup, uid_t user,
                                const std::function<std::optional<uid_t>(const std::string& path)>& owner_of);

/// Whether a wineserver runs for `prefix`. Cheap, and it does not disturb the server.
bool wine_server_runs(const std::string& prefix, const VariableLookup& lookup);

/// Starts the wineserver of the environment's prefix, to stay, and its services, all on /dev/null and in a session of
/// their own, and waits until they are up; a missing prefix is created by that, which takes many seconds. A server that is
/// started by a program instead holds that program's standard streams for as long as it runs, and dies with
/// its session. `environment` is "NAME=value"; `wine` is the program that is_wine() recognised.
proto::Result<void> start_wine_server(const std::string& wine, const std::vector<std::string>& environment);

}  // namespace interop
