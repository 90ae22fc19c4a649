// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine.h"

#include <array>

#include "interop/route/runner_search.h"
#include "interop/text/command_line.h"

namespace interop {
namespace {

// Debian's 64-bit loader, those of WineHQ's packages, and of distributions that follow upstream.
constexpr std::array<const char*, 6> places_of_64_bit{
    "/usr/lib/wine/wine64",
    "/usr/lib/x86_64-linux-gnu/wine/x86_64-unix/ntdll.so",
    "/usr/lib64/wine/x86_64-unix/ntdll.so",
    "/usr/lib/wine/x86_64-unix/ntdll.so",
    "/opt/wine-stable/lib64/wine/x86_64-unix/ntdll.so",
    "/opt/wine-staging/lib64/wine/x86_64-unix/ntdll.so",
};
constexpr std::array<const char*, 6> places_of_32_bit{
    "/usr/lib/wine/wine",
    "/usr/lib/i386-linux-gnu/wine/i386-unix/ntdll.so",
    "/usr/lib32/wine/i386-unix/ntdll.so",
    "/usr/lib/wine/i386-unix/ntdll.so",
    "/opt/wine-stable/lib/wine/i386-unix/ntdll.so",
    "/opt/wine-staging/lib/wine/i386-unix/ntdll.so",
};

}  // namespace

bool is_wine(std::string_view program) {
    const std::string_view name = program.substr(program.rfind('/') + 1);  // npos + 1 is 0
    return name == "wine" || name == "wine64" || name.starts_with("wine-");
}

WineInstallation find_wine(const std::function<bool(const std::string& path)>& exists, std::string_view search_path) {
    WineInstallation installation;
    installation.starter_64 = find_on_path(exists, search_path, "wine64").value_or("");
    installation.starter = find_on_path(exists, search_path, "wine").value_or(installation.starter_64);
    if (installation.starter.empty()) return installation;
    for (const char* place : places_of_64_bit) installation.runs_64_bit = installation.runs_64_bit || exists(place);
    for (const char* place : places_of_32_bit) installation.runs_32_bit = installation.runs_32_bit || exists(place);
    // A Wine that lies elsewhere: believe it for the width that every build of today has.
    if (!installation.runs_64_bit && !installation.runs_32_bit) installation.runs_64_bit = true;
    return installation;
}

proto::Result<void> check_wine_command_line(const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"Z:" + program};  // what Wine makes of it, at the longest
    words.insert(words.end(), arguments.begin(), arguments.end());
    if (auto line = build_command_line(words); !line) return line.error();
    return {};
}

std::vector<std::pair<std::string, std::string>> wine_environment(const VariableLookup& lookup) {
    std::vector<std::pair<std::string, std::string>> additions;
    if (!lookup("WINEDEBUG")) additions.emplace_back("WINEDEBUG", "-all");
    const std::string overrides = lookup("WINEDLLOVERRIDES").value_or("");
    if (overrides.find("winedbg") == std::string::npos) {
        additions.emplace_back("WINEDLLOVERRIDES", overrides.empty() ? "winedbg.exe=d" : overrides + ";winedbg.exe=d");
    }
    return additions;
}

std::string wine_prefix(const VariableLookup& lookup) {
    if (const auto prefix = lookup("WINEPREFIX"); prefix && !prefix->empty()) return *prefix;
    const auto home = lookup("HOME");
    return home && !home->empty() ? *home + "/.wine" : std::string();
}

std::string wine_prefix_problem(const VariableLookup& lookup, uid_t user,
                                const std::function<std::optional<uid_t>(const std::string& path)>& owner_of) {
    const std::string prefix = wine_prefix(lookup);
    if (prefix.empty()) return "Wine has no place for its prefix: neither WINEPREFIX nor HOME is set";
    if (!prefix.starts_with('/')) return "Wine's prefix " + prefix + " is not an absolute path (WINEPREFIX or HOME)";
    const auto not_ours = [&](std::optional<uid_t> owner) { return owner && *owner != user; };
    constexpr const char* advice = " belongs to another user: set WINEPREFIX, or HOME (sudo -H)";
    if (const auto owner = owner_of(prefix)) return not_ours(owner) ? "Wine's prefix " + prefix + advice : "";
    if (const auto variable = lookup("WINEPREFIX"); variable && !variable->empty()) return {};
    const std::string home = *lookup("HOME");
    return not_ours(owner_of(home)) ? "Wine's prefix would be in " + home + ", which" + advice : "";
}

}  // namespace interop
