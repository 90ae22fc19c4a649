// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_plan.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace interop {
namespace {

constexpr std::size_t longest_tail = 126;  // Of the 128 bytes in a PSP one is the length and one the CR.
constexpr std::size_t longest_dos_directory = 63;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_name_character(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || std::string_view("!#$%&'()-@^_`{}~").find(c) != std::string::npos;
}

bool is_device_name(std::string_view stem) {
    constexpr std::array<std::string_view, 5> devices{"CON", "NUL", "AUX", "PRN", "CLOCK$"};
    const std::string upper = dos_upper_case(stem);
    if (std::ranges::find(devices, upper) != devices.end()) return true;
    return upper.size() == 4 && (upper.starts_with("COM") || upper.starts_with("LPT")) && upper[3] >= '1' &&
           upper[3] <= '9';
}

/// The way from `upper` down to `lower` in DOS's words: "" or "SUB\DIR"; nothing if there is none.
std::optional<std::string> short_way(const std::string& upper, const std::string& lower,
                                     const std::function<bool(const std::string&, const std::string&)>& is_unique) {
    std::string directory = upper == "/" ? "" : upper;
    if (lower == upper) return "";
    if (!lower.starts_with(directory + "/")) return std::nullopt;
    std::string_view rest = std::string_view(lower).substr(directory.size() + 1);
    std::string way;
    while (!rest.empty()) {
        const std::string name(rest.substr(0, rest.find('/')));
        rest.remove_prefix(std::min(rest.size(), name.size() + 1));
        if (!is_short_name(name) || !is_unique(directory.empty() ? "/" : directory, name)) return std::nullopt;
        directory += "/" + name;
        way += (way.empty() ? "" : "\\") + dos_upper_case(name);
    }
    if (way.size() > longest_dos_directory) return std::nullopt;
    return way;
}

}  // namespace

std::string dos_upper_case(std::string_view text) {
    std::string upper(text);
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return upper;
}

bool is_short_name(std::string_view name) {
    const std::size_t point = name.find('.');
    const std::string_view stem = name.substr(0, point);
    const std::string_view extension = point == std::string_view::npos ? "" : name.substr(point + 1);
    if (point != std::string_view::npos && (extension.empty() || extension.size() > 3)) return false;
    return !stem.empty() && stem.size() <= 8 && std::ranges::all_of(stem, is_name_character) &&
           std::ranges::all_of(extension, is_name_character) && !is_device_name(stem);
}

proto::Result<std::string> dos_command_tail(const std::vector<std::string>& arguments) {
    std::string tail;
    for (const std::string& argument : arguments) {
        if (argument.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
            return proto::errno_error(EINVAL, "pass an argument with a line end to a DOS program");
        const bool quoted = argument.empty() || argument.find_first_of(" \t") != std::string::npos;
        tail += quoted ? " \"" + argument + "\"" : " " + argument;
        if (tail.size() > longest_tail) return proto::errno_error(E2BIG, "pass the arguments to a DOS program");
    }
    return tail;
}

DosDrives plan_dos_drives(const std::string& program_directory, const std::string& working_directory,
                          const std::function<bool(const std::string& directory, const std::string& name)>& is_unique) {
    if (const auto down = short_way(program_directory, working_directory, is_unique)) {
        return {.c = program_directory,
                .d = "",
                .current = 'C',
                .working_directory = "\\" + *down,
                .program_directory = "C:\\"};
    }
    if (const auto down = short_way(working_directory, program_directory, is_unique)) {
        return {.c = working_directory,
                .d = "",
                .current = 'C',
                .working_directory = "\\",
                .program_directory = "C:\\" + *down + "\\"};
    }
    return {.c = program_directory,
            .d = working_directory,
            .current = 'D',
            .working_directory = "\\",
            .program_directory = "C:\\"};
}

}  // namespace interop
