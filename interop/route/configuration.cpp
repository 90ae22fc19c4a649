// SPDX-License-Identifier: MIT
#include "interop/route/configuration.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "interop/os/read_file.h"
#include "interop/route/configuration_keys.h"
#include "interop/route/embedded_configuration.h"
#include "interop/route/ini_settings.h"
#include "interop/text/kernel_command_line.h"
#include "interop/text/path_map.h"
#include "interop/text/wslpath.h"

namespace interop {
namespace {

constexpr std::size_t largest_file = 256u << 10;
constexpr std::size_t largest_kernel_command_line = 64u << 10;

constexpr std::string_view blanks = " \t";

/// A path of the host as it may be written: with blanks before it, in double quotes, and with a comment of a "#" that stands alone.
/// Any other "#" is a part of a name.
std::string_view without_comment(std::string_view path) {
    path.remove_prefix(std::min(path.find_first_not_of(blanks), path.size()));
    if (path.starts_with('"')) return wsl_value(path);
    for (auto sign = path.find('#'); sign != std::string_view::npos; sign = path.find('#', sign + 1)) {
        const bool begins = sign == 0 || blanks.find(path[sign - 1]) != std::string_view::npos;
        const bool ends = sign + 1 == path.size() || blanks.find(path[sign + 1]) != std::string_view::npos;
        if (begins && ends) path = path.substr(0, sign);
    }
    return path.substr(0, path.find_last_not_of(blanks) + 1);
}

class Parser {
  public:
    ConfigurationReading read(std::string_view text) {
        const auto wrong_lines = read_ini(text, [this](const IniSetting& setting) {
            take(setting);
            return IniReading::go_on;
        });
        for (const std::size_t line : wrong_lines) note(line, Severity::error, "neither [section] nor name = value");
        std::ranges::stable_sort(reading_.findings, {}, &ConfigurationFinding::line);
        return std::move(reading_);
    }

  private:
    using Severity = ConfigurationFinding::Severity;

    void note(std::size_t line, Severity severity, std::string what) {
        reading_.findings.push_back({line, severity, std::move(what)});
    }

    void take(const IniSetting& setting) {
        if (setting.continues && is_left_out_) return;
        is_left_out_ = true;
        const ConfigurationKey* const key = find_configuration_key(setting.section, setting.name);
        if (key == nullptr) return warn_of_unknown(setting);
        if (key->reader != KeyReader::launches) return;
        // Values that are lines of their own do without one that is wrong.
        const Severity severity = key->lines == ValueLines::each ? Severity::warning : Severity::error;
        if (setting.is_cut) {
            return note(setting.line, severity,
                        "longer than " + std::to_string(longest_ini_line) + " bytes" +
                            (key->lines == ValueLines::several ? "; go on in an indented line" : ""));
        }
        const auto set = this->set(*key, setting);
        if (!set) return note(setting.line, severity, set.error().message());
        is_left_out_ = false;
    }

    void warn_of_unknown(const IniSetting& setting) {
        const std::string section(setting.section);
        const SectionKind kind = kind_of_section(section);
        if (kind == SectionKind::foreign || belongs_to_init(section)) return;
        if (kind == SectionKind::ours) {
            return note(setting.line, Severity::warning,
                        "the key " + std::string(setting.name) + " of [" + section + "] is not known and is ignored");
        }
        if (std::exchange(warned_section_, section) == section) return;
        note(setting.line, Severity::warning,
             section.empty() ? "a setting outside any section is ignored"
                             : "the section [" + section + "] is not known and is ignored");
    }

    proto::Result<void> set(const ConfigurationKey& key, const IniSetting& setting) {
        const std::string_view value = setting.value;
        if (key.section == "host") return set_host(key.name, value, setting.continues);
        if (key.section == "route") return set_route(key.name, value, setting.continues);
        if (key.section == "terminal") return set_terminal(key.name, value, setting.continues);
        if (key.section == "text") return set_text(key.name, value, setting.continues);
        if (key.section == "broker") return set_broker(key.name, value, setting.continues);
        if (key.section == "path") return add_mapping(value);
        if (key.section == "dos") return set_line_ends(value);
        if (key.section == "interop") return set_interop(key.name, value);
        if (key.section == "automount") return set_automount_root(value);
        CHECK(key.section == "wine");
        configuration_.wine_exit_object = value;
        return {};
    }

    proto::Result<void> set_interop(std::string_view name, std::string_view value) {
        const auto wanted = parse_switch(value);
        if (!wanted) return proto::stated_error("wanted " + std::string(name) + " = true or false");
        (name == "enabled" ? configuration_.routes.enabled : configuration_.append_windows_path) = *wanted;
        return {};
    }

    proto::Result<void> set_automount_root(std::string_view value) {
        std::string root(wsl_value(value));
        if (!root.starts_with('/')) return proto::stated_error("wanted root = /PATH");
        if (!root.ends_with('/')) root += '/';
        configuration_.automount_root = std::move(root);
        return {};
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
        if (name == "upload") return set_upload(value);
        auto endpoints = parse_endpoints(value);
        if (!endpoints) return endpoints.error();
        if (!continued) configuration_.endpoints.clear();
        configuration_.endpoints.insert(configuration_.endpoints.end(), endpoints->begin(), endpoints->end());
        return {};
    }

    proto::Result<void> set_upload(std::string_view value) {
        const auto mode = parse_upload_mode(value);
        if (!mode) return proto::stated_error("wanted upload = auto or never");
        configuration_.upload = *mode;
        return {};
    }

    proto::Result<void> set_route(std::string_view name, std::string_view value, bool continued) {
        const auto kind = find_program_kind(name);
        CHECK(kind);
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
        std::vector<std::string>& names = name == "always" ? terminal.always : terminal.never;
        if (!continued) names.clear();
        for (const std::string_view word : split_list(value)) names.emplace_back(word);
        return {};
    }

    proto::Result<void> set_text(std::string_view name, std::string_view value, bool continued) {
        TextOptions& text = configuration_.text;
        if (name == "code_page") {
            const auto number = parse_code_page(value);
            if (!number) return proto::stated_error("wanted code_page = the number of one that is known, as 850");
            text.code_page = *number;
            return {};
        }
        if (!continued) text.always.clear();
        for (const std::string_view word : split_list(value)) text.always.emplace_back(word);
        return {};
    }

    proto::Result<void> set_broker(std::string_view name, std::string_view value, bool continued) {
        if (name == "socket") {
            if (!value.starts_with('/')) return proto::stated_error("wanted socket = /PATH");
            configuration_.broker_socket = value;
            return {};
        }
        BrokerPolicy& policy = configuration_.broker_policy;
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
            return proto::stated_error("wanted map = /GUEST=HOST; it is ignored");
        }
        const auto end_of_guest = value.find_last_not_of(blanks, equals - 1);
        const std::string_view guest = value.substr(0, end_of_guest + 1);
        const std::string host(without_comment(value.substr(equals + 1)));
        const auto flavour = host.starts_with('/') ? PathFlavour::posix : PathFlavour::windows;
        PathMap added(flavour);
        if (!added.add({std::string(guest), host})) {
            return proto::stated_error("\"" + host + "\" is no absolute path of a host; the map is ignored");
        }
        auto& map = configuration_.path_map;
        // guest_path_map() goes by the first.
        if (!map.empty() && map.front().second.starts_with('/') != host.starts_with('/')) {
            return proto::stated_error("the host of the maps before it is " +
                                       std::string(host.starts_with('/') ? "" : "not ") +
                                       "Windows; the map is ignored");
        }
        map.emplace_back(guest, host);
        return {};
    }

    proto::Result<void> set_line_ends(std::string_view value) {
        if (value != "keep" && value != "convert") return proto::stated_error("wanted line_ends = keep or convert");
        configuration_.dos.line_ends = value == "keep" ? DosOptions::LineEnds::keep : DosOptions::LineEnds::convert;
        return {};
    }

    ConfigurationReading reading_;
    Configuration& configuration_ = reading_.configuration;
    bool is_left_out_ = false;  // the setting that is looked at, with the lines that go on with it
    std::string route_text_;    // of the last route, with its continuation
    bool broker_names_users_ = false;
    std::string warned_section_ = "\n";
};

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

proto::Result<ConfigurationText> find_configuration(std::string_view kernel_command_line) {
    auto file = read_configuration_file(kernel_command_line);
    // The file counts for more: it is the one of whoever set up this root directory, and may be newer.
    if (file || !is_missing(file.error()) || !environment_value("MZINIT_CONF").empty()) return file;
    const auto embedded = embedded_configuration();
    if (!embedded) return ConfigurationText{};
    return ConfigurationText{std::string(*embedded), embedded_source};
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

ConfigurationReading read_configuration(std::string_view text) { return Parser().read(text); }

proto::Result<Configuration> parse_configuration(std::string_view text) {
    ConfigurationReading reading = read_configuration(text);
    for (const ConfigurationFinding& finding : reading.findings) {
        std::string sentence = at_ini_line(finding.line, finding.what);
        if (finding.severity == ConfigurationFinding::Severity::error) return proto::stated_error(sentence);
        reading.configuration.warnings.push_back(std::move(sentence));
    }
    return std::move(reading.configuration);
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

proto::Result<ConfigurationText> find_configuration() { return find_configuration(kernel_command_line()); }

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
