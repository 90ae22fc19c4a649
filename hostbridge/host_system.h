// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interop/text/path_map.h"
#include "proto/base/result.h"

/// The little that the rest of the agent must know of the system it runs on.
namespace hostbridge {

/// "linux" or "windows", for Info.
std::string_view system_name();

/// How this system writes paths.
interop::PathFlavour path_flavour();

/// The arguments of main in UTF-8, program name included: on Windows main itself gets them in another encoding.
std::vector<std::string> utf8_arguments(int argc, char** argv);

/// If the agent started this process for one step that it cannot do itself (Windows: sending Ctrl-C, work on another
/// console), does it and
/// returns the exit code. To be called before anything else.
std::optional<int> run_as_helper(const std::vector<std::string>& arguments);

/// To be called first in main: what the whole process needs (no SIGPIPE, as many descriptors as it may have, no
/// error boxes).
void prepare_agent_process();

/// Whether a program can be started in a directory, which exists: Linux wants the right to enter it, Windows a name of at
/// most MAX_PATH - 2 units. What Wine wants is known when the program is started. For the work queue.
bool can_start_in(const std::string& directory);

/// Sets a variable of our own environment, as getenv() sees it, or removes it if `value` is null. While there is one
/// thread.
void set_own_variable(const char* name, const char* value);

/// The directories in which programs of this user are looked for, a list as this system writes it, in UTF-8. May be empty.
std::string user_search_path();

/// The id by which this user is known to unix sockets; 0 on Windows, which has none.
std::uint32_t own_user_id();

/// Whether that process is seen to be in our own user and mount namespace; false on Windows. The kernel shows the
/// namespaces of a process only to who may trace it: those of root's to root alone.
bool shares_own_namespaces(std::uint32_t process_id);

/// Writes `text` to an inherited descriptor and closes it.
proto::Result<void> write_and_close(int fd, std::string_view text);

/// Makes the file `path` with `text` in one step: a reader sees all of it or no file.
proto::Result<void> write_file_atomically(const std::string& path, std::string_view text);

}  // namespace hostbridge
