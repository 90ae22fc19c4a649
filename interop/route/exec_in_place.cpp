// SPDX-License-Identifier: MIT
#include "interop/route/exec_in_place.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include "interop/os/string_pointers.h"
#include "interop/route/exit_code.h"
#include "proto/base/ascii_case.h"
#include "proto/base/error.h"

extern char** environ;

namespace interop {
namespace {

bool names(std::string_view variable, std::string_view name) {
    return variable.size() > name.size() && variable[name.size()] == '=' && variable.starts_with(name);
}

}  // namespace

NextEnvironment::NextEnvironment(unsigned depth) {
    for (char** entry = environ; *entry != nullptr; ++entry) variables_.emplace_back(*entry);
    set("MZINIT_DEPTH", std::to_string(depth));
}

void NextEnvironment::set(std::string_view name, std::string_view value) {
    std::erase_if(variables_, [&](const std::string& variable) { return names(variable, name); });
    variables_.push_back(std::string(name) + "=" + std::string(value));
}

void NextEnvironment::remove_ignoring_case(std::string_view name) {
    std::erase_if(variables_, [&](std::string_view variable) {
        return proto::equals_ignoring_case(variable.substr(0, variable.find('=')), name);
    });
}

std::optional<std::string> NextEnvironment::get(std::string_view name) const {
    const auto found =
        std::ranges::find_if(variables_, [&](const std::string& variable) { return names(variable, name); });
    if (found == variables_.end()) return std::nullopt;
    return found->substr(name.size() + 1);
}

LocalFailure exec_in_place(const std::string& path, const std::vector<std::string>& words,
                           const NextEnvironment& environment) {
    const auto argv = pointers_to(words);
    const auto envp = pointers_to(environment.variables());
    execve(path.c_str(), argv.data(), envp.data());
    const int problem = errno;
    if (problem == E2BIG) return {"argument list too long", exit_code::cannot_run};
    return {proto::errno_error(problem, "start " + path).message(), exit_code::bridge_failed};
}

}  // namespace interop
