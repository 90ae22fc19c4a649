// SPDX-License-Identifier: MIT
#include "init/personality.h"

namespace init {

Personality personality_of(std::string_view argv0) noexcept {
    const std::string_view name = argv0.substr(argv0.rfind('/') + 1);  // npos + 1 is 0
    if (name == "tini" || name == "tini-static" || name == "docker-init") return Personality::tini;
    if (name == "dumb-init") return Personality::dumb_init;
    return Personality::mzinit;
}

}  // namespace init
