// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interop/os/unique_fd.h"
#include "interop/route/configuration.h"
#include "interop/session/program_file.h"
#include "interop/session/run_program.h"
#include "interop/text/environment.h"
#include "launch.pb.h"

namespace interop {

/// A Launch and the descriptors that it names.
struct LaunchRequest {
    mzinit::v1::Launch launch;
    std::vector<int> descriptors;  ///< Borrowed from the ProgramFile, the caller and `working_directory`.
    UniqueFd working_directory;
    WslenvSelection environment;       ///< What goes into `launch` when it is completed.
    std::optional<TextEncoding> text;  ///< How its output that is no terminal's is to be read; nothing: as it is.
};

/// Puts together what the agent has to know, before there is one: an agent waits only so long for what follows its Greeting.
/// `program` is empty if and only if the invocation names one of the host's. Raw arguments must be UTF-8.
LaunchRequest make_launch_request(const ProgramInvocation& invocation, const ProgramFile& program,
                                  const Configuration& configuration, unsigned depth);

enum class Passing { none, descriptors };

/// Who translates the lists of paths among the variables: the agent, whose own table counts most, or we alone.
enum class PathLists { for_agent, translated };

/// Adds what depends on the agent, once. With Passing::descriptors the program, the working directory and every
/// standard stream that is not a terminal are passed, but output only if it is left as it is; for a detached program no streams.
void complete_launch_request(LaunchRequest& request, const ProgramFile& program, Passing passing, PathLists lists);

}  // namespace interop
