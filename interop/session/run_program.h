// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interop/route/terminal_options.h"
#include "interop/route/text_options.h"
#include "interop/route/upload_mode.h"

namespace interop {

/// A program to run in place of this process, as the kernel or the command line named it.
struct ProgramInvocation {
    std::string path;                    ///< As executed; relative to the working directory if so given.
    std::string argv0;                   ///< The caller's argv[0].
    std::vector<std::string> arguments;  ///< argv[1..].
    int program_fd = -1;                 ///< AT_EXECFD of a rule with flag O: taken over; -1 if there is none.
    bool interactive = false;            ///< A DOS program may have a window.
    std::optional<PtyMode> pty;          ///< --pty; nothing: as configured.
    std::optional<TextRequest> text;     ///< --text; nothing: as configured.
    std::optional<UploadMode> upload;    ///< --upload; nothing: as configured.
    std::vector<std::string>
        with;                    ///< --with: files and directories that are sent with the program, which is sent then.
    bool detach = false;         ///< Only to be started; see run_program().
    bool raw_arguments = false;  ///< `arguments` are a command line of Windows', cut at blanks: not to be quoted.
    bool is_host_name = false;   ///< `path` is no path here but the name of a program of the host's.
};

/// Runs the program by the routes of the configuration and returns the exit status for this process; messages
/// for the user have been written. May not return: a fallback replaces the process, and a program that died of
/// a signal makes this process die of it too. Descriptors 0 to 2 must be open. A program that is detached has the null
/// device for its streams and outlives us: its process id, that of the host if it runs there, is written to standard output,
/// and 0 returned, as soon as it has started.
int run_program(ProgramInvocation invocation);

}  // namespace interop
