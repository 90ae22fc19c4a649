// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "init/personality.h"
#include "init/signal_rewrites.h"
#include "proto/base/result.h"

namespace init {

/// The command line of init: `mzinit [options] [--] command arguments...`, tini's or dumb-init's.
struct InitOptions {
    enum class Request { run, help, version, license };

    Personality personality = Personality::mzinit;
    Request request = Request::run;
    bool register_rule = false;        ///< --register
    bool subreaper = false;            ///< Adopt orphans also where we are not PID 1.
    bool warn_of_orphans = false;      ///< Say which orphans were reaped.
    bool signal_group = false;         ///< Signals go to the whole group of the command.
    bool own_session = false;          ///< The command is in a session of its own: dumb-init's way.
    int parent_death_signal = 0;       ///< What we, and so the command, get when our parent dies; 0: nothing.
    unsigned verbosity = 1;            ///< As tini counts: 0 failures only, 1 warnings, from 2 on what is done.
    std::bitset<256> successes;        ///< Exit codes, 128 + N for signals too, that are reported as 0.
    SignalRewrites rewrites;           ///< What is forwarded in place of a signal.
    std::vector<std::string> command;  ///< Empty: none was given.
};

/// Answers for a variable of the environment.
using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// The error code of a value that an option cannot have: a failure that is reported like others. The other failures are usage.
constexpr int bad_option_value = EDOM;

/// Reads argv, its first word too. Options stop at the first operand and can be written together (`-vvg`). The
/// failure's `doing` is what the program of that personality would print.
proto::Result<InitOptions> parse_init_options(Personality personality, const std::vector<std::string>& argv,
                                              const EnvironmentLookup& environment);

/// Reads what the kernel passes to a machine's init. Words that are not known mean nothing; the command is the first
/// absolute path and what follows it.
InitOptions parse_kernel_arguments(const std::vector<std::string>& arguments);

/// The texts for --help and for a missing command.
std::string init_usage(Personality personality);
std::string missing_command_text(Personality personality, const std::string& argv0);

/// The line for --version.
std::string version_line(Personality personality);

}  // namespace init
