// SPDX-License-Identifier: MIT
#include "init/personality.h"

namespace init {

namespace {

std::string_view base_name(std::string_view argv0) {
    return argv0.substr(argv0.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace

Personality personality_of(std::string_view argv0) noexcept {
    const std::string_view name = base_name(argv0);
    if (name == "tini" || name == "tini-static" || name == "docker-init") return Personality::tini;
    if (name == "dumb-init") return Personality::dumb_init;
    return Personality::mzinit;
}

std::string_view path_command_name(std::string_view argv0) noexcept {
    const std::string_view name = base_name(argv0);
    return name == "mzpath" || name == "wslpath" ? name : std::string_view();
}

}  // namespace init
