// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interop/route/broker_policy.h"
#include "interop/route/routes.h"
#include "interop/route/runner_dos.h"
#include "interop/route/terminal_options.h"
#include "interop/route/text_options.h"
#include "interop/route/upload_mode.h"
#include "interop/text/endpoint.h"
#include "proto/base/result.h"

namespace interop {

/// Where the package puts the object that makes Wine's exit codes whole.
inline constexpr const char* default_exit_object = MZINIT_EXIT_OBJECT;

inline constexpr const char* default_broker_socket = "/run/mzinit/interop.sock";

/// What /etc/mzinit.conf says. Sections and keys are listed in interop/README.md.
struct Configuration {
    std::vector<Endpoint> endpoints;  ///< [host] endpoints, tried in this order.
    bool names_endpoints = false;     ///< Or else they are the default.
    std::string key_file;             ///< [host] key; empty: the default places.
    std::string share_name;           ///< [host] name, by which Windows knows this system; empty: the host name.
    UploadMode upload = UploadMode::automatic;  ///< [host] upload
    Routes routes;                              ///< [route], and [interop] enabled
    /// [path] map, in the order written: guest prefix, host prefix.
    std::vector<std::pair<std::string, std::string>> path_map;
    bool append_windows_path = false;                    ///< [interop] appendWindowsPath
    std::string automount_root;                          ///< [automount] root, "/mnt/"; empty: not given.
    DosOptions dos;                                      ///< [dos]
    TerminalOptions terminal;                            ///< [terminal]
    TextOptions text;                                    ///< [text]
    std::string broker_socket = default_broker_socket;   ///< [broker] socket
    BrokerPolicy broker_policy;                          ///< [broker] allow_users, allow_groups
    std::string wine_exit_object = default_exit_object;  ///< [wine] exit_object; empty: none.
    std::vector<std::string> warnings;                   ///< What was ignored, a sentence each, for the user.
};

inline constexpr const char* default_configuration_file = "/etc/mzinit.conf";
inline constexpr const char* default_endpoint = "unix:/run/mzinit/hostbridge.sock";

/// What is wrong with a line of a configuration file.
struct ConfigurationFinding {
    enum class Severity {
        warning,  ///< Something unknown was ignored.
        error,    ///< Nothing is run by this configuration: it might do what nobody wants.
    };

    std::size_t line;  ///< From 1.
    Severity severity;
    std::string what;

    bool operator==(const ConfigurationFinding&) const = default;
};

/// A configuration, without what the findings, which are in the order of the lines, are about.
struct ConfigurationReading {
    Configuration configuration;
    std::vector<ConfigurationFinding> findings;
};

/// Reads the text of a configuration file, all of it whatever is wrong. Keys and sections that other parts of mzinit read are
/// passed over. Pure.
ConfigurationReading read_configuration(std::string_view text);

/// The same for those who can use it only without errors: the first one, which names its line. Pure.
proto::Result<Configuration> parse_configuration(std::string_view text);

/// The endpoints in a list separated by blanks or commas.
proto::Result<std::vector<Endpoint>> parse_endpoints(std::string_view text);

/// The paths of the configuration file, of which the first that exists is in force: `mzinit_conf`, the value of that
/// variable, and no other, unless it is empty; else that of mzinit.conf= on the kernel's command line, if it is named there,
/// then /etc/mzinit.conf. Pure.
std::vector<std::string> configuration_files(std::string_view mzinit_conf, std::string_view kernel_command_line);

/// The configuration of a file with the endpoints in force: those of `mzinit_host`, the value of that variable, unless it is
/// empty; else the file's; else those of mzinit.host= on the kernel's command line; else the default one. An Error if
/// what counts cannot be read. Pure.
proto::Result<Configuration> settle_endpoints(Configuration configuration, std::string_view mzinit_host,
                                              std::string_view kernel_command_line);

/// The text of a configuration.
struct ConfigurationText {
    std::string text;
    std::string source;  ///< For messages: the path of its file, or embedded_source; empty: there is no configuration.
};

inline constexpr const char* embedded_source = "the embedded configuration";

/// That of the configuration file in force (configuration_files). ENOENT if there is none.
proto::Result<ConfigurationText> read_configuration_file();

/// That of the file in force, else what is embedded in this program, else an empty one.
proto::Result<ConfigurationText> find_configuration();

/// The configuration in force: that of the file, else what is embedded in this program, else the defaults; its endpoints
/// are settled (settle_endpoints).
proto::Result<Configuration> load_configuration();

}  // namespace interop
