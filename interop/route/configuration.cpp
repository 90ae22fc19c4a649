// SPDX-License-Identifier: MIT
#include "interop/route/configuration.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <ini.h>

#include "interop/os/read_file.h"
#include "interop/route/embedded_configuration.h"

namespace interop {
namespace {

// inih cuts longer lines without a word (INI_MAX_LINE is 200, with the line end).
constexpr std::size_t longest_line = 197;
constexpr std::size_t largest_file = 256u << 10;

std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const auto first = text.find_first_not_of(" \t,\n");
        if (first == std::string_view::npos) return words;
        text.remove_prefix(first);
        const auto end = text.find_first_of(" \t,\n");
        words.push_back(text.substr(0, end));
        text.remove_prefix(words.back().size());
    }
}

// Sections that are read elsewhere, by the container's and the machine's init.
bool belongs_to_others(std::string_view section) {
    constexpr std::array<std::string_view, 6> others{"interop", "automount", "boot", "network", "user", "wsl2"};
    return std::ranges::find(others, section) != others.end() || section.starts_with("service ");
}

std::string at_line(std::size_t line, std::string_view what) {
    return "line " + std::to_string(line) + ": " + std::string(what);
}

class Parser {
  public:
    explicit Parser(std::string_view text) : rest_(text) {}

    proto::Result<Configuration> parse() {
        const int wrong_line = ini_parse_stream(next_line, this, handle, this);
        if (problem_) return proto::stated_error(*problem_);
        if (wrong_line != 0) {
            return proto::stated_error(
                at_line(static_cast<std::size_t>(wrong_line), "neither [section] nor name = value"));
        }
        return std::move(configuration_);
    }

  private:
    // As fgets(): inih reads by it, and so it is known which line a value came from.
    static char* next_line(char* buffer, int size, void* user) {
        auto& parser = *static_cast<Parser*>(user);
        if (parser.rest_.empty() || parser.problem_) return nullptr;
        ++parser.line_;
        const auto end = parser.rest_.find('\n');
        const std::size_t length = end == std::string_view::npos ? parser.rest_.size() : end + 1;
        const std::size_t copied = std::min(length, static_cast<std::size_t>(size) - 1);
        buffer[parser.rest_.copy(buffer, copied)] = '\0';
        parser.rest_.remove_prefix(length);
        return buffer;
    }

    /// inih calls it for every "name = value", and again for every indented line that goes on with a value.
    static int handle(void* user, const char* section, const char* name, const char* value) {
        auto& parser = *static_cast<Parser*>(user);
        if (parser.problem_) return 1;
        if (auto set = parser.set(section, name, value); !set) {
            parser.problem_ = at_line(parser.line_, set.error().message());
        }
        return 1;
    }

    proto::Result<void> set(std::string_view section, std::string_view name, std::string_view value) {
        const bool continued = section == last_section_ && name == last_name_;
        last_section_ = section;
        last_name_ = name;
        if (section == "host") return set_host(name, value, continued);
        if (section == "route") return set_route(name, value, continued);
        if (section == "broker") return set_broker(name, value, continued);
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
        configuration_.warnings.push_back(
            at_line(line_, section.empty() ? "a setting outside any section is ignored"
                                           : "the section [" + std::string(section) + "] is not known and is ignored"));
    }

    proto::Result<void> set_host(std::string_view name, std::string_view value, bool continued) {
        if (name == "key") {
            configuration_.key_file = value;
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

    proto::Result<void> set_line_ends(std::string_view value) {
        if (value != "keep" && value != "convert") return proto::stated_error("wanted line_ends = keep or convert");
        configuration_.dos.line_ends = value == "keep" ? DosOptions::LineEnds::keep : DosOptions::LineEnds::convert;
        return {};
    }

    Configuration configuration_;
    std::optional<std::string> problem_;
    std::string_view rest_;  // of the text
    std::size_t line_ = 0;   // that was read last
    std::string last_section_;
    std::string last_name_;
    std::string route_text_;  // of the last route, with its continuation
    bool broker_names_users_ = false;
    std::string warned_section_ = "\n";
};

proto::Result<void> check_line_lengths(std::string_view text) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        if (text.substr(0, end).size() > longest_line) {
            return proto::stated_error("line " + std::to_string(number) + ": longer than " +
                                       std::to_string(longest_line) + " bytes; go on in an indented line");
        }
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return {};
}

bool is_file_named() {
    const char* named = std::getenv("MZINIT_CONF");
    return named != nullptr && *named != '\0';
}

std::string configuration_file() { return is_file_named() ? std::getenv("MZINIT_CONF") : default_configuration_file; }

/// Without any, an empty text.
proto::Result<ConfigurationText> find_configuration() {
    auto file = read_configuration_file();
    // The file counts for more: it is the one of whoever set up this root directory, and may be newer.
    const bool is_missing = !file && file.error().code == std::errc::no_such_file_or_directory;
    if (!is_missing || is_file_named()) return file;
    const auto embedded = embedded_configuration();
    return ConfigurationText{std::string(embedded.value_or("")), "the embedded configuration"};
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
    return Parser(text).parse();
}

proto::Result<ConfigurationText> read_configuration_file() {
    std::string path = configuration_file();
    auto text = read_file(path, largest_file);
    if (!text) return text.error();
    return ConfigurationText{std::move(*text), std::move(path)};
}

proto::Result<Configuration> load_configuration() {
    auto found = find_configuration();
    if (!found) return found.error();
    auto configuration = parse_configuration(found->text);
    if (!configuration) return proto::stated_error(found->source + ": " + configuration.error().message());
    for (std::string& warning : configuration->warnings) warning.insert(0, found->source + ": ");
    if (const char* host = std::getenv("MZINIT_HOST"); host != nullptr && *host != '\0') {
        auto endpoints = parse_endpoints(host);
        if (!endpoints) return proto::stated_error("MZINIT_HOST: " + endpoints.error().message());
        configuration->endpoints = std::move(*endpoints);
    }
    configuration->names_endpoints = !configuration->endpoints.empty();
    if (!configuration->names_endpoints) configuration->endpoints.push_back(parse_endpoint(default_endpoint).value());
    return configuration;
}

}  // namespace interop
