// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interop/text/endpoint.h"
#include "proto/base/result.h"

namespace interop {

/// A way to get a program running.
enum class Backend { host, wine };

/// What /etc/mzinit.conf says. Sections and keys are listed in interop/README.md.
struct Configuration {
    std::vector<Endpoint> endpoints;                              ///< [host] endpoints, tried in this order.
    std::string key_file;                                         ///< [host] key; empty: the default places.
    std::vector<Backend> pe_route{Backend::host, Backend::wine};  ///< [route] pe
    /// [path] map, in the order written: guest prefix, host prefix.
    std::vector<std::pair<std::string, std::string>> path_map;
};

inline constexpr const char* default_configuration_file = "/etc/mzinit.conf";
inline constexpr const char* default_endpoint = "unix:/run/mzinit/hostbridge.sock";

/// Reads the text of a configuration file. Unknown sections are left to other programs' versions; an unknown key
/// in a known section, a bad value and a line too long are Errors that name the line.
proto::Result<Configuration> parse_configuration(std::string_view text);

/// The endpoints in a list separated by blanks or commas.
proto::Result<std::vector<Endpoint>> parse_endpoints(std::string_view text);

/// The configuration in force: the file that MZINIT_CONF names, else /etc/mzinit.conf, else the defaults; then
/// MZINIT_HOST, if set and not empty, in place of its endpoints.
proto::Result<Configuration> load_configuration();

}  // namespace interop
