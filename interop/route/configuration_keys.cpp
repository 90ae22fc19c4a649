// SPDX-License-Identifier: MIT
#include "interop/route/configuration_keys.h"

#include <algorithm>
#include <array>

#include "interop/route/configuration.h"
#include "proto/base/ascii_case.h"

namespace interop {
namespace {

using enum KeyReader;
using enum ValueLines;

constexpr std::string_view service_prefix = "service ";

constexpr ConfigurationKey keys[] = {
    {"host", "endpoints", launches, default_endpoint, "", "where agents listen, tried in order, one second each",
     several},
    {"host", "key", launches, "", "/etc/mzinit/key, else ~/.config/mzinit/key", "key file for tcp and vsock"},
    {"host", "name", launches, "", "the host name",
     "by which Windows knows this system, as in \\\\wsl.localhost\\NAME"},
    {"host", "upload", launches, "auto", "", "whether programs that the host does not see are sent to it"},
    {"broker", "allow_users", launches, "1000-59999", "", "user ids that get tickets besides root", several},
    {"broker", "allow_groups", launches, "", "none", "group ids whose members get tickets", several},
    {"broker", "socket", launches, default_broker_socket, "", "where the broker listens"},
    {"route", "pe", launches, "host, wine", "", "backends for Windows programs, in order", several},
    {"route", "dotnet", launches, "host, mono, wine", "", "backends for .NET programs", several},
    {"route", "dos", launches, "host?, dosbox", "", "backends for DOS programs", several},
    {"route", "win16", launches, "host?, wine", "", "backends for 16-bit Windows programs", several},
    {"route", "batch", launches, "host, wine", "", "backends for batch files, .bat and .cmd", several},
    {"route", "ape", launches, "native", "", "backends for actually portable executables", several},
    {"route", "other_machine", launches, "none", "", "backends for Windows programs that are not for x86 or x86-64",
     several},
    {"wine", "exit_object", launches, default_exit_object, "", "the object that makes Wine's exit codes whole"},
    {"dos", "line_ends", launches, "keep", "", "keep them as the program wrote them, or convert"},
    {"terminal", "pty", launches, "auto", "", "whether programs on the host get a terminal of their own"},
    {"terminal", "always", launches, "", "none", "names of programs that always get one", several},
    {"terminal", "never", launches, "", "none", "names of programs that never get one", several},
    {"text", "always", launches, "", "none", "names of programs on the host whose output becomes UTF-8 with LF",
     several},
    {"text", "code_page", launches, "437", "", "what their output is in if it is no Unicode"},
    {"path", "map", launches, "", "none", "the host's name for a directory", each},
    {"interop", "enabled", launches, "true", "", "whether Windows and DOS programs are run at all"},
    {"interop", "appendWindowsPath", launches, "false", "",
     "whether the host's PATH is added to that of init's command"},
    {"automount", "root", launches, "", "only mounts that name their drive",
     "below which drives of the host are mounted as /c, /d"},
    {"automount", "enabled", nobody, "", "", "WSL's"},
    {"automount", "mountFsTab", nobody, "", "", "WSL's"},
    {"automount", "options", nobody, "", "", "WSL's"},
    {"automount", "crossDistro", nobody, "", "", "WSL's"},
    {"automount", "ldconfig", nobody, "", "", "WSL's"},
    {"automount", "cgroups", nobody, "", "", "WSL's"},
    {"boot", "command", init, "", "none", "what a machine runs, and with whose end it ends", several},
    {"boot", "timeout", init, "", "none", "seconds after which the machine is ended with the command still running"},
    {"boot", "stop_timeout", init, "10", "", "seconds between SIGTERM and SIGKILL at the end"},
    {"boot", "init", init, "", "none", "the path of another init that takes over"},
    {"boot", "systemd", init, "no", "", "the same as init = /lib/systemd/systemd"},
    {"boot", "hostname", init, "", "first line of /etc/hostname, else localhost", "the machine's host name"},
    {"boot", "modules", init, "", "none", "kernel modules to load", several},
    {"boot", "register", init, "yes", "", "whether MZ files get a rule"},
    {"boot", "protect_binfmt", init, "no", "", "as mzinit register --protect"},
    {"boot", "embed_config", init, "no", "", "as mzinit register --embed-config"},
    {"boot", "broker", init, "auto", "",
     "whether the broker runs; auto: if there is a key that it can give tickets for"},
    {"boot", "initTimeout", nobody, "", "", "WSL's"},
    {"boot", "protectBinfmt", nobody, "", "", "WSL's"},
    {"service", "command", init, "", "needed", "what runs; it must stay in the foreground", several},
    {"service", "restart", init, "on-failure", "", "when it is started again"},
    {"service", "log", init, "", "/var/log/NAME.log", "the file that its output is appended to"},
};

bool is_service(std::string_view section) {
    return proto::equals_ignoring_case(section.substr(0, service_prefix.size()), service_prefix);
}

/// As the table has it; that of services without a name is none.
std::string table_section(std::string_view section) {
    std::string name = is_service(section) ? "service" : proto::ascii_lower(std::string(section));
    return name == "service" && !is_service(section) ? "" : name;
}

}  // namespace

std::span<const ConfigurationKey> configuration_keys() { return keys; }

const ConfigurationKey* find_configuration_key(std::string_view section, std::string_view name) {
    const std::string wanted = table_section(section);
    const auto* const found = std::ranges::find_if(keys, [&](const ConfigurationKey& key) {
        return key.section == wanted && proto::equals_ignoring_case(key.name, name);
    });
    return found == std::end(keys) ? nullptr : found;
}

SectionKind kind_of_section(std::string_view section) {
    constexpr std::array<std::string_view, 6> of_wsl{"network", "user", "gpu", "time", "wsl2", "experimental"};
    const std::string name = table_section(section);
    if (std::ranges::find(of_wsl, name) != of_wsl.end()) return SectionKind::foreign;
    const bool is_ours = std::ranges::find(keys, name, &ConfigurationKey::section) != std::end(keys);
    return is_ours ? SectionKind::ours : SectionKind::unknown;
}

std::string canonical_section(std::string_view section) {
    if (is_service(section)) return std::string(service_prefix) + std::string(section.substr(service_prefix.size()));
    return kind_of_section(section) == SectionKind::unknown ? std::string(section) : table_section(section);
}

bool belongs_to_init(std::string_view section) { return section == "boot" || section.starts_with(service_prefix); }

}  // namespace interop
