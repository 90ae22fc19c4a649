// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "interop/session/exit_status.h"
#include "interop/session/host_connection.h"
#include "interop/session/program_parts.h"
#include "interop/text/text_decoder.h"
#include "launch.pb.h"

namespace interop {

/// Nothing ran: the next way may be tried. `reason` is for the user, `exit_code` for the case that there is none.
struct NotStarted {
    std::string reason;
    int exit_code;
};

/// The program ended, or would have been ended by what became of its streams.
struct Ended {
    ExitAction action;
    std::string message;        ///< For the user; usually empty.
    bool concerns_job = false;  ///< The signal was typed on a terminal: it is for our whole process group.
};

/// The program was started as Launch.detach has it, and nothing more will be heard of it.
struct Detached {
    std::uint64_t process_id;  ///< The host's.
};

/// The program may have run and its end is not known: it must not be run again.
struct Lost {
    std::string reason;
};

using SessionOutcome = std::variant<NotStarted, Ended, Detached, Lost>;

/// What a session needs to know of the program only if the host does not see it.
struct UploadSource {
    std::string name;  ///< For the user.
    std::function<proto::Result<std::vector<ProgramPart>>()> find_parts;
};

/// Runs one program over `connection`: sends `launch` with `descriptors` (borrowed), and the program if the launch offers it and
/// the agent asks for it, carries the streams that are relayed and the signals, and returns when all is over. Output that is no
/// terminal's is converted from `text`, if that is given. Descriptors 0 to 2 are used, and left as they were.
SessionOutcome run_host_session(HostConnection connection, const mzinit::v1::Launch& launch,
                                std::span<const int> descriptors, const UploadSource& source,
                                std::optional<TextEncoding> text);

}  // namespace interop
