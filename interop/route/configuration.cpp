// SPDX-License-Identifier: MIT
#include "interop/route/configuration.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "interop/os/read_file.h"
#include "interop/route/embedded_configuration.h"
#include "interop/route/ini_settings.h"
#include "interop/text/kernel_command_line.h"
#include "interop/text/wslpath.h"

namespace interop {
namespace {

constexpr std::size_t largest_file = 256u << 10;
constexpr std::size_t largest_kernel_command_line = 64u << 10;

// Sections that are read elsewhere, by the container's and the machine's init.
bool belongs_to_others(std::string_view section) {
    constexpr std::array<std::string_view, 6> others{"interop", "automount", "boot", "network", "user", "wsl2"};
    return std::ranges::find(others, section) != others.end() || section.starts_with("service ");
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

class Parser {
  public:
    proto::Result<Configuration> parse(std::string_view text) {
        const std::size_t wrong_line = read_ini(text, [this](const IniSetting& setting) {
            line_ = setting.line;
            const auto set = this->set(setting);
            if (!set) problem_ = at_ini_line(setting.line, set.error().message());
            return set ? IniReading::go_on : IniReading::stop;
        });
        if (problem_) return proto::stated_error(*problem_);
        if (wrong_line != 0) {
            return proto::stated_error(at_ini_line(wrong_line, "neither [section] nor name = value"));
        }
        return std::move(configuration_);
    }

  private:
    proto::Result<void> set(const IniSetting& setting) {
        const auto [section, name, value, line, continued, is_cut] = setting;
        if (section == "host") return set_host(name, value, continued);
        if (section == "route") return set_route(name, value, continued);
        if (section == "terminal") return set_terminal(name, value, continued);
        if (section == "broker") return set_broker(name, value, continued);
        if (section == "interop" && equals_ignoring_case(name, "appendWindowsPath"))
            return set_append_windows_path(value);
        if (section == "path" && name == "map") return add_mapping(value);
        if (section == "dos" && name == "line_ends") return set_line_ends(value);
        if (section == "wine" && name == "exit_object") {
            configuration_.wine_exit_object = value;
            return {};
        }
        if (section == "path" || section == "dos" || section == "wine") return unknown_key(name);
        if (!belongs_to_others(section)) warn_of_section(section);
        return {};
    }

    static proto::Error unknown_key(std::string_view name) {
        return proto::stated_error("unknown key \"" + std::string(name) + "\"");
    }

    void warn_of_section(std::string_view section) {
        if (section == warned_section_) return;
        warned_section_ = section;
        configuration_.warnings.push_back(at_ini_line(
            line_, section.empty() ? "a setting outside any section is ignored"
                                   : "the section [" + std::string(section) + "] is not known and is ignored"));
    }

    proto::Result<void> set_host(std::string_view name, std::string_view value, bool continued) {
        if (name == "key") {
            configuration_.key_file = value;
            return {};
        }
        if (name == "name") {
            if (!is_share_name(value)) return proto::stated_error("wanted name = a name that Windows allows");
            configuration_.share_name = value;
            return {};
        }
        if (name != "endpoints") return unknown_key(name);
        auto endpoints = parse_endpoints(value);
        if (!endpoints) return endpoints.error();
        if (!continued) configuration_.endpoints.clear();
        configuration_.endpoints.insert(configuration_.endpoints.end(), endpoints->begin(), endpoints->end());
        return {};
    }

    proto::Result<void> set_route(std::string_view name, std::string_view value, bool continued) {
        const auto kind = find_program_kind(name);
        if (!kind) return unknown_key(name);
        route_text_ = continued ? route_text_ + " " + std::string(value) : std::string(value);
        auto route = parse_route(*kind, split_list(route_text_));
        if (!route) return route.error();
        configuration_.routes.of(*kind) = std::move(*route);
        return {};
    }

    proto::Result<void> set_terminal(std::string_view name, std::string_view value, bool continued) {
        TerminalOptions& terminal = configuration_.terminal;
        if (name == "pty") {
            const auto mode = parse_pty_mode(value);
            if (!mode) return proto::stated_error("wanted pty = auto, always or never");
            terminal.mode = *mode;
            return {};
        }
        if (name != "always" && name != "never") return unknown_key(name);
        std::vector<std::string>& names = name == "always" ? terminal.always : terminal.never;
        if (!continued) names.clear();
        for (const std::string_view word : split_list(value)) names.emplace_back(word);
        return {};
    }

    proto::Result<void> set_broker(std::string_view name, std::string_view value, bool continued) {
        if (name == "socket") {
            if (!value.starts_with('/')) return proto::stated_error("wanted socket = /PATH");
            configuration_.broker_socket = value;
            return {};
        }
        BrokerPolicy& policy = configuration_.broker_policy;
        if (name != "allow_users" && name != "allow_groups") return unknown_key(name);
        auto ids = parse_id_ranges(split_list(value));
        if (!ids) return ids.error();
        // Who names anybody means those only.
        if (!std::exchange(broker_names_users_, true)) policy = BrokerPolicy{.users = {}, .groups = {}};
        std::vector<IdRange>& ranges = name == "allow_users" ? policy.users : policy.groups;
        if (!continued) ranges.clear();
        ranges.insert(ranges.end(), ids->begin(), ids->end());
        return {};
    }

    proto::Result<void> add_mapping(std::string_view value) {
        const auto equals = value.find('=');
        if (equals == std::string_view::npos || value.front() != '/') {
            return proto::stated_error("wanted map = /GUEST=HOST");
        }
        configuration_.path_map.emplace_back(value.substr(0, equals), value.substr(equals + 1));
        return {};
    }

    proto::Result<void> set_append_windows_path(std::string_view value) {
        const auto is_one_of = [value](std::initializer_list<std::string_view> words) {
            return std::ranges::any_of(words, [value](auto word) { return equals_ignoring_case(value, word); });
        };
        configuration_.append_windows_path = is_one_of({"true", "1", "yes", "on"});
        if (configuration_.append_windows_path || is_one_of({"false", "0", "no", "off"})) return {};
        return proto::stated_error("wanted appendWindowsPath = true or false");
    }

    proto::Result<void> set_line_ends(std::string_view value) {
        if (value != "keep" && value != "convert") return proto::stated_error("wanted line_ends = keep or convert");
        configuration_.dos.line_ends = value == "keep" ? DosOptions::LineEnds::keep : DosOptions::LineEnds::convert;
        return {};
    }

    Configuration configuration_;
    std::optional<std::string> problem_;
    std::size_t line_ = 0;    // of the setting that is looked at
    std::string route_text_;  // of the last route, with its continuation
    bool broker_names_users_ = false;
    std::string warned_section_ = "\n";
};

proto::Result<void> check_line_lengths(std::string_view text) {
    const std::size_t line = find_long_ini_line(text);
    if (line == 0) return {};
    return proto::stated_error(
        at_ini_line(line, "longer than " + std::to_string(longest_ini_line) + " bytes; go on in an indented line"));
}

/// A variable of the environment; empty if it is not set.
std::string_view environment_value(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// Empty where there is no /proc.
std::string kernel_command_line() { return read_file("/proc/cmdline", largest_kernel_command_line).value_or(""); }

bool is_missing(const proto::Error& error) { return error.code == std::errc::no_such_file_or_directory; }

proto::Result<ConfigurationText> read_configuration_file(std::string_view kernel_command_line) {
    const auto paths = configuration_files(environment_value("MZINIT_CONF"), kernel_command_line);
    for (const std::string& path : paths) {
        auto text = read_file(path, largest_file);
        if (text) return ConfigurationText{std::move(*text), path};
        if (!is_missing(text.error())) return text.error();
    }
    return proto::errno_error(ENOENT, "read " + paths.front());
}

/// Without any, an empty text.
proto::Result<ConfigurationText> find_configuration(std::string_view kernel_command_line) {
    auto file = read_configuration_file(kernel_command_line);
    // The file counts for more: it is the one of whoever set up this root directory, and may be newer.
    if (file || !is_missing(file.error()) || !environment_value("MZINIT_CONF").empty()) return file;
    const auto embedded = embedded_configuration();
    return ConfigurationText{std::string(embedded.value_or("")), "the embedded configuration"};
}

proto::Result<void> take_endpoints(Configuration& configuration, std::string_view text, const char* source) {
    auto endpoints = parse_endpoints(text);
    if (!endpoints) return proto::stated_error(source + (": " + endpoints.error().message()));
    configuration.endpoints = std::move(*endpoints);
    return {};
}

proto::Result<void> override_endpoints(Configuration& configuration, std::string_view mzinit_host,
                                       std::string_view kernel_command_line) {
    if (!mzinit_host.empty()) return take_endpoints(configuration, mzinit_host, "MZINIT_HOST");
    if (!configuration.endpoints.empty()) return {};
    const auto host = kernel_parameter(kernel_command_line, "mzinit.host");
    return host ? take_endpoints(configuration, *host, "the kernel's command line: mzinit.host")
                : proto::Result<void>();
}

}  // namespace

proto::Result<std::vector<Endpoint>> parse_endpoints(std::string_view text) {
    std::vector<Endpoint> endpoints;
    for (const std::string_view word : split_list(text)) {
        auto endpoint = parse_endpoint(word);
        if (!endpoint) return endpoint.error();
        endpoints.push_back(std::move(*endpoint));
    }
    return endpoints;
}

proto::Result<Configuration> parse_configuration(std::string_view text) {
    if (auto checked = check_line_lengths(text); !checked) return checked.error();
    return Parser().parse(text);
}

std::vector<std::string> configuration_files(std::string_view mzinit_conf, std::string_view kernel_command_line) {
    if (!mzinit_conf.empty()) return {std::string(mzinit_conf)};
    auto named = kernel_parameter(kernel_command_line, "mzinit.conf");
    if (!named || named->empty()) return {default_configuration_file};
    // A container's root directory need not have the file that its machine was started with.
    return {std::move(*named), default_configuration_file};
}

proto::Result<Configuration> settle_endpoints(Configuration configuration, std::string_view mzinit_host,
                                              std::string_view kernel_command_line) {
    auto overridden = override_endpoints(configuration, mzinit_host, kernel_command_line);
    if (!overridden) return overridden.error();
    configuration.names_endpoints = !configuration.endpoints.empty();
    if (!configuration.names_endpoints) configuration.endpoints.push_back(parse_endpoint(default_endpoint).value());
    return configuration;
}

proto::Result<ConfigurationText> read_configuration_file() { return read_configuration_file(kernel_command_line()); }

proto::Result<Configuration> load_configuration() {
    const std::string command_line = kernel_command_line();
    auto found = find_configuration(command_line);
    if (!found) return found.error();
    auto configuration = parse_configuration(found->text);
    if (!configuration) return proto::stated_error(found->source + ": " + configuration.error().message());
    for (std::string& warning : configuration->warnings) warning.insert(0, found->source + ": ");
    return settle_endpoints(std::move(*configuration), environment_value("MZINIT_HOST"), command_line);
}

}  // namespace interop
