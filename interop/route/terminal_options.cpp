// SPDX-License-Identifier: MIT
#include "interop/route/terminal_options.h"

#include <strings.h>

#include <algorithm>

namespace interop {
namespace {

bool is_listed(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::any_of(names, [name](const std::string& each) {
        return each.size() == name.size() && ::strncasecmp(each.data(), name.data(), name.size()) == 0;
    });
}

}  // namespace

std::optional<PtyMode> parse_pty_mode(std::string_view text) {
    if (text == "auto") return PtyMode::automatic;
    if (text == "always") return PtyMode::always;
    if (text == "never") return PtyMode::never;
    return std::nullopt;
}

PtyMode TerminalOptions::mode_for(std::string_view path) const {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (is_listed(never, name)) return PtyMode::never;
    if (is_listed(always, name)) return PtyMode::always;
    return mode;
}

}  // namespace interop
