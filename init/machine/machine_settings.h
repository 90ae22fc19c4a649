// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace init {

/// When something that has ended is started again.
enum class Restart {
    never,
    on_abnormal,  ///< If a signal ended it.
    on_failure,   ///< If a signal, or another exit status than 0, did.
    always,
};

/// A section [service NAME]: what runs besides the boot command.
struct ServiceSettings {
    std::string name;  ///< A letter or a digit, then those and "_", "-", "."; at most 40.
    std::vector<std::string> command;
    Restart restart = Restart::on_failure;
    std::string log;  ///< Path of the file that gets its output; empty: the usual one.
};

/// Whether PID 1 runs the broker.
enum class BrokerStart {
    if_key_exists,  ///< If there is a key that it could give tickets for.
    always,
    never,
};

/// What a machine's init does, as the configuration file and the kernel's command line say.
struct MachineSettings {
    static constexpr std::size_t most_services = 64;

    std::vector<std::string> command;   ///< [boot] command, or mzinit.exec=. Empty: none.
    bool kernel_names_command = false;  ///< It is that of mzinit.exec=.
    std::string handover;               ///< [boot] init, or boot.init=: who is to be PID 1. Empty: we are.
    std::string hostname;               ///< [boot] hostname; empty: /etc/hostname says it.
    std::vector<std::string> modules;   ///< [boot] modules
    bool registers = true;              ///< [boot] register
    BrokerStart broker = BrokerStart::if_key_exists;  ///< [boot] broker
    std::optional<std::chrono::seconds> timeout;      ///< [boot] timeout: of the command; 0, or nothing: none.
    std::chrono::seconds grace{10};                   ///< [boot] stop_timeout: between SIGTERM and SIGKILL.
    std::vector<ServiceSettings> services;            ///< In the order of the file.
    std::vector<std::string> warnings;                ///< What was ignored and why, a sentence each.
};

/// Reads [boot] and [service NAME] of the configuration, then what the kernel's command line says in place of it. Never
/// fails: what is wrong is left out, with a warning. Pure.
MachineSettings parse_machine_settings(std::string_view configuration, std::string_view kernel_command_line);

/// The same of the file in force and of /proc/cmdline.
MachineSettings load_machine_settings();

}  // namespace init
