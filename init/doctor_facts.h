// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "init/registration_report.h"
#include "interop/route/configuration.h"
#include "interop/route/route_decision.h"
#include "interop/session/host_examination.h"

/// What `mzinit doctor` looks at: facts only, what they mean is up to diagnose() (doctor_findings.h).
namespace init {

/// A file by its path.
struct FileFacts {
    std::string path;
    bool exists = false;
    mode_t mode = 0;
    uid_t owner = 0;
    bool is_executable = false;  ///< By us.
};

/// A program that runs Windows or DOS programs on this machine.
struct RunnerFacts {
    std::string path;     ///< Empty: it is not installed.
    std::string version;  ///< Empty: it does not say.
};

struct DoctorFacts {
    std::string kernel_release;
    bool kernel_tells_interpreters = true;

    std::string rule_directory;
    proto::Result<TableReport> table = TableReport{};  ///< Of the rule; the Error says why it could not be looked at.
    FileFacts interpreter;                             ///< The one that the rule names.
    std::optional<proto::Result<void>> rule_test;      ///< Nothing: it was not tested.

    proto::Result<interop::ConfigurationText> configuration_text = interop::ConfigurationText{};
    std::vector<interop::ConfigurationFinding> configuration_findings;
    proto::Result<interop::Configuration> configuration = interop::Configuration{};
    FileFacts configuration_file;

    std::vector<interop::HostExamination> hosts;  ///< In the order of the endpoints.
    std::vector<FileFacts> key_files;             ///< Where a key would be looked for.
    std::optional<proto::Error> key_problem;      ///< Why the caller has none of his own.
    /// What the broker said, if it was asked.
    std::optional<proto::Result<void>> broker;
    FileFacts run_directory;

    std::vector<std::pair<std::string, std::string>> paths;  ///< Directories that have a name on the host, and that.
    std::vector<std::string> unnamed_mounts;                 ///< Where file systems are mounted that have none.

    interop::Installation installed;
    RunnerFacts wine, mono, dos_emulator;
    std::string wine_prefix_problem;

    uid_t user = 0;
};

}  // namespace init
