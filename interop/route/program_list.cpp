// SPDX-License-Identifier: MIT
#include "interop/route/program_list.h"

#include <strings.h>

#include <algorithm>

namespace interop {

bool lists_program(const std::vector<std::string>& names, std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return std::ranges::any_of(names, [name](const std::string& each) {
        return each.size() == name.size() && ::strncasecmp(each.data(), name.data(), name.size()) == 0;
    });
}

}  // namespace interop
