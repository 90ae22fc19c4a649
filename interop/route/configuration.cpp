// SPDX-License-Identifier: MIT
#include "interop/route/configuration.h"

#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <ini.h>

#include "interop/os/read_file.h"

namespace interop {
namespace {

// inih cuts longer lines without a word (INI_MAX_LINE is 200, with the line end).
constexpr std::size_t longest_line = 197;
constexpr std::size_t largest_file = 256u << 10;

proto::Error invalid(std::string doing) { return proto::errno_error(EINVAL, std::move(doing)); }

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

proto::Result<std::vector<Backend>> parse_route(std::string_view text) {
    std::vector<Backend> route;
    for (const std::string_view word : split_list(text)) {
        if (word == "host") {
            route.push_back(Backend::host);
        } else if (word == "wine") {
            route.push_back(Backend::wine);
        } else {
            return invalid("unknown backend \"" + std::string(word) + "\" (known: host, wine)");
        }
    }
    if (route.empty()) return invalid("the route is empty");
    return route;
}

class Parser {
  public:
    Configuration configuration;
    std::string problem;

    /// inih calls it for every "name = value", and again for every indented line that goes on with a value.
    static int handle(void* user, const char* section, const char* name, const char* value) {
        auto& parser = *static_cast<Parser*>(user);
        if (auto set = parser.set(section, name, value); !set) {
            parser.problem = set.error().doing;
            return 0;
        }
        return 1;
    }

  private:
    proto::Result<void> set(std::string_view section, std::string_view name, std::string_view value) {
        const bool continued = section == last_section_ && name == last_name_;
        last_section_ = section;
        last_name_ = name;
        if (section == "host") return set_host(name, value, continued);
        if (section == "path" && name == "map") return add_mapping(value);
        if (section == "route" && name == "pe") {
            auto route = parse_route(value);
            if (!route) return route.error();
            configuration.pe_route = std::move(*route);
            return {};
        }
        if (section == "route" || section == "path") return invalid("unknown key \"" + std::string(name) + "\"");
        return {};
    }

    proto::Result<void> set_host(std::string_view name, std::string_view value, bool continued) {
        if (name == "key") {
            configuration.key_file = value;
            return {};
        }
        if (name != "endpoints") return invalid("unknown key \"" + std::string(name) + "\"");
        auto endpoints = parse_endpoints(value);
        if (!endpoints) return endpoints.error();
        if (!continued) configuration.endpoints.clear();
        configuration.endpoints.insert(configuration.endpoints.end(), endpoints->begin(), endpoints->end());
        return {};
    }

    proto::Result<void> add_mapping(std::string_view value) {
        const auto equals = value.find('=');
        if (equals == std::string_view::npos || value.front() != '/') return invalid("wanted map = /GUEST=HOST");
        configuration.path_map.emplace_back(value.substr(0, equals), value.substr(equals + 1));
        return {};
    }

    std::string last_section_;
    std::string last_name_;
};

proto::Result<void> check_line_lengths(std::string_view text) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        if (text.substr(0, end).size() > longest_line) {
            return invalid("line " + std::to_string(number) + ": longer than " + std::to_string(longest_line) +
                           " bytes; go on in an indented line");
        }
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return {};
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
    Parser parser;
    const std::string terminated(text);
    const int line = ini_parse_string(terminated.c_str(), Parser::handle, &parser);
    if (line != 0) {
        return invalid("line " + std::to_string(line) + ": " +
                       (parser.problem.empty() ? "neither [section] nor name = value" : parser.problem));
    }
    return std::move(parser.configuration);
}

proto::Result<Configuration> load_configuration() {
    const char* named = std::getenv("MZINIT_CONF");
    const std::string path = named != nullptr && *named != '\0' ? named : default_configuration_file;
    Configuration configuration;
    auto text = read_file(path, largest_file);
    if (text) {
        auto parsed = parse_configuration(*text);
        if (!parsed) return proto::Error{parsed.error().code, path + ": " + parsed.error().doing};
        configuration = std::move(*parsed);
    } else if (named != nullptr || text.error().code != std::errc::no_such_file_or_directory) {
        return text.error();
    }
    if (const char* host = std::getenv("MZINIT_HOST"); host != nullptr && *host != '\0') {
        auto endpoints = parse_endpoints(host);
        if (!endpoints) return proto::Error{endpoints.error().code, "MZINIT_HOST: " + endpoints.error().doing};
        configuration.endpoints = std::move(*endpoints);
    }
    if (configuration.endpoints.empty()) configuration.endpoints.push_back(parse_endpoint(default_endpoint).value());
    return configuration;
}

}  // namespace interop
