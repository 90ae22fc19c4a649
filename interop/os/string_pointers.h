// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace interop {

/// `strings` as execve(2) wants them, with the null at the end. Points into them.
inline std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace interop
